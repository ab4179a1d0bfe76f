"""Passages hold every word of a document, in order, and never more than the embedder takes."""

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from index.documents import Block, BlockKind, Parsed, Passage
from index.passages.cutting import PassageLimits, cut
from models.tokens import BundledTokens, TokenCounter, WordTokens

LOREM = "One pump stands in the cellar. It is old, e.g. from 1950. Dr. Moss has the key! Is it dry?"


class LetterTokens:
    """Every letter is a token, of which an embedder takes few: words have to be cut."""

    limit = 12
    special = 2

    def spans(self, text: str) -> list[tuple[int, int]]:
        return [(i, i + 1) for i, char in enumerate(text) if not char.isspace()]


def document(*blocks: Block, title: str = "") -> Parsed:
    return Parsed("a", "text/plain", title, blocks)


def text(words: str, page: int | None = None) -> Block:
    return Block("text", words, 0, page)


def heading(words: str, level: int) -> Block:
    return Block("heading", words, level)


def words(count: int, word: str = "word") -> str:
    return " ".join(f"{word}{i}" for i in range(count))


def texts(passages: list[Passage]) -> list[str]:
    return [passage.text for passage in passages]


blocks = st.builds(
    Block,
    st.sampled_from(["heading", "text", "list", "table", "code"]),
    st.text(st.sampled_from("ab. \n!?Zé漢。-|"), min_size=1, max_size=120).filter(str.strip),
    st.integers(0, 6),
    st.none() | st.integers(1, 9),
)
documents = st.builds(
    lambda found, title: Parsed("a", "text/plain", title, tuple(found)),
    st.lists(blocks, max_size=8),
    st.text("abc ", max_size=40),
)
limits = st.builds(PassageLimits, st.integers(1, 40), st.integers(0, 12), st.integers(0, 15))
counters: st.SearchStrategy[TokenCounter] = st.sampled_from(
    [LetterTokens(), WordTokens(8), WordTokens(30), BundledTokens()]
)


@example(
    Parsed("a", "text/plain", "", (heading("\n??", 0), text("?"))),
    LetterTokens(),
    PassageLimits(target=1, overlap=2, smallest=0),
)
@given(documents, counters, limits)
def test_nothing_is_lost_or_too_long(
    parsed: Parsed, counter: TokenCounter, allowed: PassageLimits
) -> None:
    passages = cut(parsed, counter, allowed)
    covered: set[int] = set()
    for passage in passages:
        assert passage.text == parsed.text[passage.start : passage.end]
        assert passage.text.strip()
        assert passage.tokens == len(counter.spans(passage.embedded_text)) + counter.special
        assert passage.tokens <= counter.limit
        covered |= set(range(passage.start, passage.end))
    assert {i for i, char in enumerate(parsed.text) if not char.isspace()} <= covered
    assert [passage.ordinal for passage in passages] == list(range(len(passages)))
    assert [passage.start for passage in passages] == sorted({p.start for p in passages})


@example(
    Parsed(
        "a",
        "text/plain",
        "",
        (
            heading("?", 0),
            heading("? ?", 0),
            heading("? ?", 0),
            text("? 。?"),
            heading("? ?", 0),
        ),
    ),
    WordTokens(8),
)
@given(documents, counters)
def test_without_overlap_every_letter_is_in_one_passage(
    parsed: Parsed, counter: TokenCounter
) -> None:
    passages = cut(parsed, counter, PassageLimits(overlap=0))
    assert all(a.end <= b.start for a, b in pairwise(passages))


@given(documents, counters)
def test_pages_are_those_of_the_passages_blocks(parsed: Parsed, counter: TokenCounter) -> None:
    known = {block.page for block in parsed.blocks}
    for passage in cut(parsed, counter):
        assert {passage.first_page, passage.last_page} <= known
        if passage.first_page is not None and passage.last_page is not None:
            assert passage.first_page <= passage.last_page


def test_chapters_are_not_mixed() -> None:
    parsed = document(
        heading("Pumps", 1), text(words(60)), heading("Keys", 1), text(words(60, "key"))
    )
    found = cut(parsed, WordTokens(), PassageLimits(200, 0, 20))
    assert [passage.text.split()[0] for passage in found] == ["Pumps", "Keys"]


def test_small_sections_of_a_chapter_are_joined() -> None:
    sections = [(heading(f"Part {i}", 2), text("seal")) for i in range(4)]
    parsed = document(heading("Parts", 1), *(block for pair in sections for block in pair))
    (only,) = cut(parsed, WordTokens(), PassageLimits(100, 0, 20))
    assert only.text == parsed.text


def test_a_heading_stays_with_what_it_stands_above() -> None:
    parts = [block for i in range(9) for block in (heading(f"Part {i}", 3), text(words(30)))]
    for passage in cut(document(*parts), WordTokens(), PassageLimits(48, 0, 10)):
        assert passage.text.startswith("Part")
        assert not passage.text.splitlines()[-1].startswith("Part")


def test_a_passage_tells_the_headings_above_it() -> None:
    parsed = document(
        heading("Pumps", 1),
        heading("Care", 2),
        text(words(90)),
        heading("Keys", 2),
        text(words(30)),
        title="Manual",
    )
    found = cut(parsed, WordTokens(), PassageLimits(40, 0, 10))
    assert found[0].headings == ("Manual",)
    assert found[0].text.startswith("Pumps\n\nCare\n\nword0")
    assert found[1].headings == ("Manual", "Pumps", "Care")
    assert found[1].embedded_text.startswith("Manual > Pumps > Care\nword")
    assert found[-1].headings == ("Manual", "Pumps")


def test_headings_that_are_too_long_are_shortened() -> None:
    long = [heading(words(40, f"h{level}x"), level) for level in range(1, 6)]
    parsed = document(*long, text(words(300)))
    last = cut(parsed, WordTokens(64), PassageLimits(60))[-1]
    assert last.headings
    assert last.headings[-1].startswith("h5x0 h5x1")
    assert last.headings[-1].endswith("…")
    assert len(" > ".join(last.headings).split()) <= 16


def test_prose_is_cut_between_sentences() -> None:
    found = cut(document(text(LOREM)), WordTokens(), PassageLimits(6, 0, 1))
    assert texts(found) == [
        "One pump stands in the cellar.",
        "It is old, e.g. from 1950.",
        "Dr. Moss has the key! Is it dry?",
    ]


def test_rows_of_a_table_stay_whole() -> None:
    rows = [f"part {i} | {i} EUR | brass" for i in range(40)]
    found = cut(document(Block("table", "\n".join(rows))), WordTokens(), PassageLimits(50, 0, 5))
    assert len(found) > 3
    assert [row for passage in found for row in passage.text.split("\n")] == rows


def test_code_keeps_its_indentation() -> None:
    lines = [f"    if pump{i}.dry:\n        pump{i}.stop()" for i in range(30)]
    found = cut(document(Block("code", "\n".join(lines))), WordTokens(), PassageLimits(20, 0, 2))
    assert all(passage.text.startswith("    ") for passage in found)


def test_overlap_repeats_whole_sentences() -> None:
    sentences = [f"Sentence {i} tells of pump {i}." for i in range(12)]
    found = cut(document(text(" ".join(sentences))), WordTokens(), PassageLimits(18, 6, 2))
    assert len(found) > 2
    for before, after in pairwise(found):
        shared = before.text[after.start - before.start :]
        assert shared in sentences
        assert after.text.startswith(shared)


def test_pages_are_kept() -> None:
    parsed = document(text(words(30), 3), text(words(30), 4), text(words(90), 7))
    found = cut(parsed, WordTokens(), PassageLimits(60))
    assert (found[0].first_page, found[0].last_page) == (3, 4)
    [(turned, page)] = found[0].turns
    assert parsed.text[turned:].startswith(words(30))
    assert (page, found[0].page_at(turned - 1), found[0].page_at(turned)) == (4, 3, 4)
    assert (found[-1].first_page, found[-1].last_page) == (7, 7)


@pytest.mark.parametrize("kind", ["text", "code", "table"])
def test_endless_words_end(kind: BlockKind) -> None:
    found = cut(document(Block(kind, "x" * 200_000)), BundledTokens())
    assert sum(len(passage.text) for passage in found) == 200_000
    assert max(len(passage.text) for passage in found) < 5000


def test_an_embedder_that_takes_nearly_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="7 tokens"):
        cut(document(text("a")), WordTokens(7))


def test_a_document_without_blocks_has_no_passages() -> None:
    assert cut(document(), WordTokens()) == []
