"""Citations in a stream are those of the whole answer, however it is cut."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.answers.scanner import HELD, Scanner
from index.answers.stream import Citer, cited, with_citations
from models.engine import CallDelta, Chunk, ChunkStream, TokenLogprob, Usage, merge
from tests.index.answers.handbook import checker

MARKUP = [*" \n\t`~#|-*.!?[]()【】129,ab\"'\r", "[1]", "[1, 2]", " (2)", "Source 1", "[[1]]", "```"]
PROSE = ["e.g.", "Foo", "foo", "。", " " * 8, "Unused days expire on 31 March", "X-200B", "\u00e4"]
PIECES = st.lists(st.sampled_from([*MARKUP, *PROSE]), max_size=25).map("".join)
CUTS = st.lists(st.integers(1, 9), min_size=1, max_size=8)


def pieces(text: str, sizes: Sequence[int]) -> list[str]:
    found, at = [], 0
    while at < len(text):
        size = sizes[len(found) % len(sizes)]
        found.append(text[at : at + size])
        at += size
    return found


async def stream(chunks: Sequence[Chunk]) -> ChunkStream:
    for chunk in chunks:
        yield chunk


@given(PIECES, CUTS)
def test_how_an_answer_is_cut_makes_no_difference(text: str, sizes: list[int]) -> None:
    citer = Citer(checker())
    parts = [citer.feed(piece) for piece in pieces(text, sizes)]
    parts.append(citer.feed("", final=True))
    whole = cited(text, checker())
    assert "".join(part.text for part in parts) == whole.text
    assert tuple(c for part in parts for c in part.citations) == whole.citations


@given(PIECES, CUTS)
def test_little_is_held_back(text: str, sizes: list[int]) -> None:
    scanner, length, shown = Scanner(0), 0, 0
    for piece in pieces(text.translate({ord(c): "x" for c in "[【("}), sizes):
        length += len(piece)
        shown += sum(len(getattr(p, "text", "")) for p in scanner.feed(piece))
        assert length - shown <= HELD


@given(PIECES)
def test_without_marks_and_additions_an_answer_is_what_it_was(text: str) -> None:
    text = text.translate({ord(c): None for c in "[]【】()"})
    assert cited(text, checker(), add=False) == (text, ())


async def test_a_citation_comes_with_the_chunk_that_ends_its_sentence() -> None:
    texts = ["Unused days expire", " on 31 March [", "1]. ", "Bye", "."]
    chunks = [Chunk(text, 1) for text in texts] + [Chunk(finish_reason="stop")]
    found = [chunk async for chunk in with_citations(stream(chunks), checker())]
    assert [len(chunk.citations) for chunk in found] == [0, 0, 0, 1, 0, 0]
    assert merge(found).text == "".join(texts)
    assert merge(found).citations == found[3].citations


async def test_all_but_the_text_passes_untouched() -> None:
    logprob = TokenLogprob(" [", b" [", -0.5)
    chunks = [
        Chunk(reasoning="Hm [1].", tokens=2),
        Chunk("A doctor's note is required from the third day on. Yes", 9, (logprob,)),
        Chunk(calls=(CallDelta(0, "{}", "c", "f"),), finish_reason="stop", usage=Usage(3, 11)),
    ]
    found = [chunk async for chunk in with_citations(stream(chunks), checker())]
    assert found[1].text == "A doctor's note is required from the third day on. [2] Yes"
    assert [c.logprobs for c in found] == [c.logprobs for c in chunks]
    assert [c.tokens for c in found] == [2, 9, 0]
    assert [c.reasoning for c in found] == ["Hm [1].", "", ""]
    assert (found[2].calls, found[2].usage) == (chunks[2].calls, chunks[2].usage)


async def test_leaving_early_closes_the_engines_stream() -> None:
    closed = []

    async def endless() -> ChunkStream:
        try:
            while True:
                yield Chunk("word ", 1)
        finally:
            closed.append(True)

    wrapped = with_citations(endless(), checker())
    await anext(wrapped)
    await wrapped.aclose()
    assert closed == [True]


@pytest.mark.parametrize("held", ["A doctor's note [2", "Yes.  "])
async def test_what_was_held_back_comes_at_the_end(held: str) -> None:
    chunks = [Chunk(held), Chunk(finish_reason="length")]
    found = [chunk async for chunk in with_citations(stream(chunks), checker())]
    assert merge(found).text == held
