"""Which answers count as the same, and of which nothing can be told."""

import pytest

from index.caches.agreement import ALIKE, LONGEST, agree, can_tell

LONG = "It rains because warm air rises, cools, and lets go of its water in drops. " * 4


def test_the_very_same_words_agree_whatever_their_embeddings() -> None:
    assert agree("It is  12 km.", "it is 12 km.", 0.0)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("It takes 14 weeks.", "It takes 12 weeks."),
        ("Yes, it is allowed.", "No, it is not allowed."),
        ("It rises.", "It falls."),
        ("Use `ls -l`.", "Use `ls -a`."),
    ],
)
def test_short_answers_that_differ_in_what_embeddings_hardly_see_do_not(
    one: str, other: str
) -> None:
    assert not agree(one, other, 0.99)


def test_in_other_words_short_and_long_answers_agree() -> None:
    assert agree("It takes 14 weeks.", "The time is 14 weeks.", ALIKE)
    assert agree(LONG, LONG + "It took 3 hours once.", ALIKE)


def test_what_is_not_alike_does_not_agree() -> None:
    assert not agree("It takes 14 weeks.", "Ask your doctor for 14 weeks.", ALIKE - 0.01)
    assert not agree(LONG, LONG + "!", ALIKE - 0.01)


def test_of_nothing_and_of_very_much_nothing_can_be_told() -> None:
    assert can_tell("Yes.", "No.")
    assert not can_tell("Yes.", " ")
    assert not can_tell("Yes.", "a" * (LONGEST + 1))
