"""What every embedder promises, run against each kind."""

import asyncio
from functools import cache

import numpy as np
import pytest

from models.catalogue import EmbedderSpec, build_embedder
from models.embedder import POOLING, Embedder
from models.errors import ContextLengthExceeded, PromptRefused
from models.late import maxsim


@cache
def built(kind: str) -> Embedder:
    return build_embedder(EmbedderSpec(kind, "vectors", threads=1))


@pytest.fixture(params=["hashing", pytest.param("sentence", marks=pytest.mark.slow)])
def embedder(request) -> Embedder:
    return built(request.param)


def test_the_card_says_its_name_and_limit(embedder: Embedder) -> None:
    assert embedder.card.name == "vectors"
    assert embedder.card.context_length >= 256


async def test_there_is_one_vector_of_length_one_for_each_input_in_order(embedder) -> None:
    texts = ["one", "quite another thing", "one", "a much longer text " * 8]
    found = await embedder.embed(texts)
    assert found.vectors.dtype == np.float32
    assert found.vectors.shape[0] == len(texts) == len(found.tokens)
    np.testing.assert_allclose(np.linalg.norm(found.vectors, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(found.vectors[0], found.vectors[2], atol=1e-5)
    assert found.tokens[3] > found.tokens[1] > 0


async def test_what_shares_a_batch_changes_nothing(embedder: Embedder) -> None:
    texts = ["short", "a somewhat longer sentence about weather", "middling words here"]
    alone = [(await embedder.embed([text])).vectors[0] for text in texts]
    together = (await embedder.embed(texts)).vectors
    np.testing.assert_allclose(together, alone, atol=1e-4)


async def test_concurrent_requests_are_not_mixed_up(embedder: Embedder) -> None:
    texts = [[f"text number {i}", f"and {i} more"] for i in range(12)]
    together = await asyncio.gather(*map(embedder.embed, texts))
    for asked, found in zip(texts, together, strict=True):
        alone = await embedder.embed(asked)
        np.testing.assert_allclose(found.vectors, alone.vectors, atol=1e-4)


async def test_near_texts_have_near_vectors(embedder: Embedder) -> None:
    texts = ["the cat sat on the mat", "a cat sat on the mat", "stock prices fell in Tokyo"]
    a, b, c = (await embedder.embed(texts)).vectors
    assert a @ b > a @ c


async def test_one_pass_gives_the_same_vectors_and_those_of_the_tokens(embedder: Embedder) -> None:
    texts = ["one short text", "a longer text about the weather " * 6]
    plain = await embedder.embed(texts)
    deep = await embedder.embed_deep(texts, "question")
    np.testing.assert_allclose(deep.vectors, plain.vectors, atol=1e-4)
    assert deep.tokens == plain.tokens == tuple(map(len, deep.token_vectors))
    for tokens in deep.token_vectors:
        assert tokens.dtype == np.int8
        assert tokens.shape[1] == plain.vectors.shape[1]
        np.testing.assert_allclose(np.linalg.norm(tokens.astype(float), axis=1), 127, atol=6)


async def test_passages_keep_fewer_token_vectors_than_tokens(embedder: Embedder) -> None:
    [question] = (await embedder.embed_deep(["a b c d e f g h"], "question")).token_vectors
    [passage] = (await embedder.embed_deep(["a b c d e f g h"], "passage")).token_vectors
    assert len(passage) == -(-len(question) // POOLING)


async def test_the_passage_with_the_questions_words_is_nearest_by_its_tokens(embedder) -> None:
    texts = ["the cat sat on the mat", "stock prices fell in Tokyo", "one day it rained"]
    passages = (await embedder.embed_deep(texts, "passage")).token_vectors
    [question] = (await embedder.embed_deep(["a cat on a mat"], "question")).token_vectors
    assert np.argmax(maxsim(question, passages)) == 0


async def test_token_ids_are_inputs_too(embedder: Embedder) -> None:
    found = await embedder.embed([[5, 6, 7], [8]])
    assert found.vectors.shape[0] == 2


@pytest.fixture
def sentence() -> Embedder:
    return built("sentence")


@pytest.mark.slow
async def test_meaning_counts_more_than_words(sentence: Embedder) -> None:
    texts = ["How do I reset my password?", "I forgot my login credentials", "How do I bake bread?"]
    a, b, c = (await sentence.embed(texts)).vectors
    assert a @ b > a @ c


@pytest.mark.slow
@pytest.mark.parametrize("one", ["word " * 300, [1000] * 255])
async def test_an_input_beyond_the_limit_is_refused_with_both_numbers(sentence, one) -> None:
    with pytest.raises(ContextLengthExceeded, match="at most 256") as refused:
        await sentence.embed(["fine", one] if isinstance(one, str) else [[1], one])
    assert (refused.value.param, refused.value.code) == ("input", "context_length_exceeded")
    assert refused.value.message.startswith("input[1]")


@pytest.mark.slow
@pytest.mark.parametrize("token", [-1, 30522, 10**12])
async def test_a_token_outside_the_vocabulary_is_refused(sentence: Embedder, token: int) -> None:
    with pytest.raises(PromptRefused, match="0 to 30521") as refused:
        await sentence.embed([[1, token]])
    assert refused.value.param == "input"


@pytest.mark.slow
async def test_a_text_and_its_tokens_have_the_same_vector(sentence: Embedder) -> None:
    text = await sentence.embed(["hello world"])
    tokens = await sentence.embed([[7592, 2088]])
    assert text.tokens == tokens.tokens == (4,)
    np.testing.assert_allclose(text.vectors, tokens.vectors, atol=1e-5)


async def test_a_long_question_is_understood_by_both_of_its_ends(sentence: Embedder) -> None:
    asked = "How long is parental leave?"
    pasted = "the weather report of the day " * 200
    found = await sentence.embed_deep([asked, f"{pasted}\n{asked}", pasted], "question")
    near, far = found.vectors[1:] @ found.vectors[0]
    assert near > far
    assert len(found.token_vectors[1]) == sentence.card.context_length
