"""From questions to hits: what each part adds, and what happens when one is missing."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from index.documents import Passage, Question, StoredPassage, TokenVectors
from index.retriever import (
    BY_WORDS,
    NOT_REREAD,
    REREAD,
    UNUSABLE,
    Retrieval,
    RetrievalPlan,
    retrieve,
)
from models.embedder import HashingEmbedder
from models.errors import EngineInterrupted
from tests.index.memory_source import MemorySource

TEXTS = [
    "The pump PX-48213 leaks at the seal and was replaced",
    "The pump PX-48214 overheats after a restart",
    "Holidays must be asked for two weeks in advance",
    "Whoever wants a holiday fills in the form of the office",
    "The printer shows no picture after the update",
    "Invoices are paid within thirty days",
]
EMBEDDER = HashingEmbedder("hash")
WHOLE = RetrievalPlan(passages=3)


def stored(texts: Sequence[str], collection: str = "c", first: int = 1) -> list[StoredPassage]:
    return [
        StoredPassage(id, collection, f"d{id}", f"{id}.txt", Passage(0, text, 0, len(text), 9))
        for id, text in enumerate(texts, first)
    ]


async def source(texts: Sequence[str] = TEXTS, first: int = 1, late: bool = True) -> MemorySource:
    deep = await EMBEDDER.embed_deep(texts, "passage")
    tokens = deep.token_vectors if late else ()
    return MemorySource(stored(texts, f"c{first}", first), deep.vectors, tokens)


async def question(text: str) -> Question:
    deep = await EMBEDDER.embed_deep([text], "question")
    return Question(text, deep.vectors[0], deep.token_vectors[0])


def ids(found: Retrieval) -> list[int]:
    return [hit.found.id for hit in found.hits]


async def test_a_part_number_is_found_and_every_stage_is_told() -> None:
    found = await retrieve(await question("What about PX-48214?"), [await source()], WHOLE)
    best = found.hits[0]
    assert best.found.id == 2
    stages = {"dense", "lexical", "words", "fused", "late", "blended", "coverage"}
    assert set(best.stages) == stages
    assert set(found.timings) == {"lexical", "dense", "late", "passages"}
    assert found.notes == ()


async def test_hits_are_in_the_order_of_the_last_stage_and_no_more_than_asked_for() -> None:
    found = await retrieve(await question("a holiday form"), [await source()], WHOLE)
    blended = [hit.stages["blended"] for hit in found.hits]
    assert blended == sorted(blended, reverse=True)
    assert len(found.hits) == 3
    assert all(0 < hit.score < 1 for hit in found.hits)


async def test_what_answers_is_likelier_than_what_does_not() -> None:
    library = [await source()]
    right = await retrieve(await question("printer shows no picture"), library, WHOLE)
    wrong = await retrieve(await question("theology of medieval Spain"), library, WHOLE)
    assert right.hits[0].score > 0.5
    assert max((hit.score for hit in wrong.hits), default=0) < 0.1


async def test_without_a_vector_words_alone_decide_and_it_is_said() -> None:
    found = await retrieve(Question("the pump PX-48213"), [await source()], WHOLE)
    assert ids(found)[:2] == [1, 2]
    assert found.notes == (BY_WORDS,)
    assert set(found.hits[0].stages) == {"lexical", "words", "fused", "coverage"}


@pytest.mark.parametrize(
    "vector",
    [np.full(64, np.nan), np.zeros(64), np.full(64, np.inf), np.ones(3) / 3**0.5],
    ids=["NaN", "zero", "infinite", "of another dimension"],
)
async def test_a_vector_that_cannot_be_compared_is_not_used(vector: np.ndarray) -> None:
    asked = Question("holiday form", vector.astype(np.float32))
    found = await retrieve(asked, [await source()], WHOLE)
    assert ids(found)[0] == 4
    assert found.notes == (UNUSABLE,)


async def test_without_reranking_no_token_vector_is_read() -> None:
    plan = RetrievalPlan(passages=3, rerank=False)
    found = await retrieve(await question("holiday form"), [await source()], plan)
    assert "late" not in found.timings
    assert "late" not in found.hits[0].stages
    assert ids(found)[0] == 4


async def test_passages_without_token_vectors_are_found_too() -> None:
    found = await retrieve(await question("holiday form"), [await source(late=False)], WHOLE)
    assert ids(found)[0] == 4
    assert found.hits[0].stages["late"] == pytest.approx(found.hits[0].stages["dense"])


async def test_several_collections_give_one_order() -> None:
    first, second = await source(TEXTS[:3]), await source(TEXTS[3:], first=4)
    found = await retrieve(await question("holiday form of the office"), [first, second], WHOLE)
    assert ids(found)[0] == 4
    whole = await retrieve(await question("holiday form"), [await source()], WHOLE)
    assert set(ids(whole)) <= {*range(1, 7)}


async def test_the_same_text_is_a_hit_once() -> None:
    library = await source([TEXTS[0], TEXTS[0].upper(), "leaks at the seal", TEXTS[1]])
    found = await retrieve(await question("the pump PX-48213 leaks"), [library], WHOLE)
    assert ids(found) == [1, 4]


async def test_a_passage_that_is_deleted_meanwhile_is_left_out() -> None:
    library = await source()
    forgotten = library.passages

    def passages(wanted) -> Mapping[int, StoredPassage]:
        return {id: one for id, one in forgotten(wanted).items() if id != 4}

    library.passages = passages
    found = await retrieve(await question("holiday form"), [library], WHOLE)
    assert 4 not in ids(found)


@pytest.mark.parametrize("text", ["", "?!", "the of and", "\0", "日本語", "x" * 10_000])
async def test_any_question_gets_an_answer(text: str) -> None:
    asked = Question(text)
    assert len((await retrieve(asked, [await source()], WHOLE)).hits) <= 3
    assert (await retrieve(await question(text), [await source()], WHOLE)).notes == ()


async def test_nothing_is_found_in_nothing() -> None:
    empty = MemorySource([], np.empty((0, 64), np.float32))
    asked = await question("anything")
    assert (await retrieve(asked, [empty], WHOLE)).hits == ()
    assert (await retrieve(asked, [], WHOLE)).hits == ()


class Reader:
    """Prefers texts with a word; or fails."""

    def __init__(self, word: str, failure: Exception | None = None) -> None:
        self.word, self.failure = word, failure
        self.read: list[str] = []

    async def score(self, question: str, texts: Sequence[str]) -> list[float]:
        self.read += texts
        if self.failure:
            raise self.failure
        return [float(self.word in text) for text in texts]


async def test_a_cross_encoder_has_the_last_word_on_the_best() -> None:
    reader = Reader("Invoices")
    asked, library = await question("holiday form"), [await source()]
    found = await retrieve(asked, library, RetrievalPlan(passages=5), reader)
    assert ids(found)[0] == 6
    assert found.hits[0].stages["reread"] == 1
    assert len(reader.read) <= REREAD


async def test_a_cross_encoder_that_fails_changes_nothing_and_it_is_said() -> None:
    asked, library = await question("holiday form"), [await source()]
    plain = await retrieve(asked, library, WHOLE)
    failing = Reader("", EngineInterrupted("gone"))
    found = await retrieve(asked, library, WHOLE, failing)
    assert ids(found) == ids(plain)
    assert found.notes == (NOT_REREAD,)


def tokens(rows: int) -> TokenVectors:
    return np.zeros((rows, 64), np.int8)


async def test_a_question_without_token_vectors_is_answered_without_them() -> None:
    asked = await question("holiday form")
    bare = Question(asked.text, asked.vector, tokens(0))
    found = await retrieve(bare, [await source()], WHOLE)
    assert "late" not in found.hits[0].stages
