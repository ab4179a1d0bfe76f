"""Questions become words to search for."""

from hypothesis import given
from hypothesis import strategies as st

from index.ranking.words import MOST, covered, searched


def test_words_without_meaning_are_left_out() -> None:
    assert searched("What was done about the pump PX-48213?") == ["done", "pump", "px", "48213"]


def test_a_question_of_such_words_alone_keeps_them() -> None:
    assert searched("To be or not to be?") == ["to", "be", "or", "not"]


@given(question=st.text())
def test_any_question_has_few_words_each_once(question: str) -> None:
    words = searched(question)
    assert len(words) == len(set(words)) <= MOST
    assert all(word and word == word.lower() for word in words)


def test_a_text_covers_the_words_that_it_has_in_any_form() -> None:
    text = "The pump leaks; repaired in 482131"
    assert covered(["pumps", "leak", "repairs", "482132"], text) == 3 / 4
    assert covered(["pump"], "Pumps!") == 1
    assert covered([], "anything") == 0
    assert covered(["a", "b"], "") == 0
