"""Who says nothing new is left out; who differs by a word is not."""

from hypothesis import given
from hypothesis import strategies as st

from index.ranking.repetition import distinct

texts = st.lists(st.text("ab c.1", max_size=12), max_size=8)


def test_the_same_words_again_are_left_out() -> None:
    assert distinct(["The pump leaks.", "the pump\nleaks", "a pump"], 5) == [0, 2]


def test_a_part_of_what_was_said_is_left_out() -> None:
    assert distinct(["It is said that the pump leaks, often.", "The pump leaks"], 5) == [0]


def test_a_part_of_a_word_is_no_part_of_what_was_said() -> None:
    assert distinct(["the pumps leak", "pump"], 5) == [0, 1]


def test_a_number_or_a_negation_makes_another_text() -> None:
    assert distinct(["paid within 30 days", "paid within 60 days"], 5) == [0, 1]
    assert distinct(["you may enter", "you may not enter"], 5) == [0, 1]


@given(texts=texts, most=st.integers(0, 9))
def test_the_first_stays_and_no_more_than_asked_for(texts, most: int) -> None:
    kept = distinct(texts, most)
    assert kept == sorted(set(kept))
    assert len(kept) <= most
    assert kept[:1] == [0][: min(most, len(texts))]
