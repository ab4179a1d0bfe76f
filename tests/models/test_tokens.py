"""Tokens are counted as the embedder counts them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.embedder import HashingEmbedder, SentenceEmbedder
from models.tokens import BundledTokens, WordTokens

TEXTS = [
    "The pump stands in the cellar.",
    "Änne's naïve façade: 漢字 and emoji 🙂, e.g. x_1=3.14!",
    "x" * 150,
    "",
    "a\n\n\tb",
    "word " * 200,
]


@pytest.mark.slow
async def test_the_bundled_embedder_counts_the_same() -> None:
    embedder = SentenceEmbedder("e", 1)
    tokens = BundledTokens()
    assert tokens.limit == embedder.card.context_length
    counted = (await embedder.embed(TEXTS)).tokens
    assert counted == tuple(len(tokens.spans(text)) + tokens.special for text in TEXTS)


async def test_the_hashing_embedder_counts_words() -> None:
    embedder = HashingEmbedder("e")
    tokens = WordTokens()
    assert tokens.limit == embedder.card.context_length
    counted = (await embedder.embed(TEXTS)).tokens
    assert counted == tuple(len(tokens.spans(text)) + tokens.special for text in TEXTS)


def test_a_long_text_is_not_cut_short() -> None:
    assert len(BundledTokens().spans("word " * 5000)) == 5000


@given(st.text(max_size=200))
def test_spans_are_in_order_and_inside_the_text(text: str) -> None:
    for counter in (BundledTokens(), WordTokens()):
        spans = counter.spans(text)
        assert spans == sorted(spans)
        assert all(0 <= start <= end <= len(text) for start, end in spans)
