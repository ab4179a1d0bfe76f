"""A sentence taken apart once, for all who compare it: its words and its numbers."""

from dataclasses import dataclass

from index.answers.numbers import Number, numbers
from index.answers.words import stems


@dataclass(frozen=True, slots=True)
class Statement:
    """`about`: stems of the words that carry meaning. `meaning`: these and values of numbers."""

    text: str
    about: frozenset[str]
    numbers: tuple[Number, ...]
    meaning: frozenset[str]


def statement(text: str) -> Statement:
    about, found = stems(text), tuple(numbers(text))
    values = (f"#{reading}" for number in found for reading in number.readings)
    return Statement(text, about, found, about.union(values))


def meaning(text: str) -> frozenset[str]:
    return statement(text).meaning
