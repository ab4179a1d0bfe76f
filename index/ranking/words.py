"""The words of a question that are worth searching for."""

import re
from collections.abc import Sequence
from typing import Final

MOST: Final = 32  # words of a question; what comes after them says little that is new
STEM: Final = 5  # letters
_WORD: Final = re.compile(r"\w+")
_EMPTY_WORDS: Final = """
a about after all also am an and any are as at be been before being both but by can could did do
does doing each few for from had has have having he her here hers him his how i if in into is it
its just let many may me more most much must my no nor not now of off on once only or other our
ours out over own please same shall she should so some such tell than that the their theirs them
then there these they this those through to too under until up upon us very was we were what when
where which while who whom whose why will with would you your yours
"""
_EMPTY: Final = frozenset(_EMPTY_WORDS.split())


def searched(question: str) -> list[str]:
    """Its words in lower case, each once; those without meaning only when there are no others."""
    words = list(dict.fromkeys(_WORD.findall(question.lower())))
    return ([word for word in words if word not in _EMPTY] or words)[:MOST]


def covered(words: Sequence[str], text: str) -> float:
    """The share of `words` that `text` has, 0 to 1. Words that begin alike are the same."""
    if not words:
        return 0.0
    there = set(map(_beginning, _WORD.findall(text.lower())))
    return sum(_beginning(word) in there for word in words) / len(words)


def _beginning(word: str) -> str:
    if not word.isalpha():
        return word  # numbers and part numbers are never alike
    return (word[:-1] if word.endswith("s") and len(word) > 3 else word)[:STEM]
