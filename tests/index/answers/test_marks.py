"""Citation marks as models write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.answers.marks import LIMIT, read

PIECES = st.lists(
    st.sampled_from([*"[]【】() ,;:-^#†\n.19ax", "source", "Source 2", "page", "and", "]]"]),
    max_size=12,
).map("".join)


def marks(text: str) -> tuple[int, ...] | None:
    """The numbers of the mark at the beginning of `text`, which holds nothing else; or None."""
    reading = read(text, 0, 5, final=True)
    assert reading is not None
    return reading.numbers if reading.length == len(text) else None


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("[1]", (1,)),
        ("[1, 2]", (1, 2)),
        ("[1; 3 and 2]", (1, 3, 2)),
        ("[1-3]", (1, 2, 3)),
        ("[2, 2]", (2,)),
        ("[[4]]", (4,)),
        ("[^1]", (1,)),
        ("【3】", (3,)),
        ("【3†source】", (3,)),
        ("[Source 1]", (1,)),
        ("[source: 1, source 2]", (1, 2)),
        ("(Source 1)", (1,)),
        ("(documents 1 and 2)", (1, 2)),
        ("[1, p. 12]", (1,)),
        ("(2)", (2,)),
        ("[9]", (9,)),
    ],
)
def test_every_spelling_is_read(text: str, numbers: tuple[int, ...]) -> None:
    assert marks(text) == numbers


@pytest.mark.parametrize(
    "text",
    ["[0]", "[2024]", "[x]", "[]", "[10, 20]", "(9)", "(see above)", "[1\n]", "[source]", "[a1]"],
)
def test_what_is_no_mark_is_left_alone(text: str) -> None:
    assert marks(text) is None


@pytest.mark.parametrize(("after", "is_mark"), [(".", True), ("\n", True), (" of", False)])
def test_a_number_in_parentheses_is_a_mark_at_the_end_of_a_clause(
    after: str, is_mark: bool
) -> None:
    reading = read(f"(2){after}", 0, 5, final=False)
    assert reading is not None
    assert bool(reading.length) == is_mark


@given(st.sampled_from("[【("), PIECES, PIECES)
def test_what_was_said_of_a_text_holds_for_every_longer_one(
    opener: str, text: str, more: str
) -> None:
    early = read(opener + text, 0, 3, final=False)
    if early is not None:
        assert read(opener + text + more, 0, 3, final=True) == early


@given(st.sampled_from("[【("), PIECES)
def test_nothing_is_waited_for_beyond_the_longest_mark(opener: str, text: str) -> None:
    if read(opener + text, 0, 3, final=False) is None:
        assert len(opener + text) <= LIMIT
