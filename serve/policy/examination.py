"""The form of an exam question: something to read, then options to choose from."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

LONGEST: Final = 8000  # characters that are looked at
SURE: Final = 3  # options that nobody writes by chance

_LINE: Final = re.compile(r"^[ \t]*\(?([A-J])[.):][ \t]", re.M)
_INLINE: Final = re.compile(r"([A-J])(?<!\w[A-J])[.)]\s")  # the letter first: that is fast


@dataclass(frozen=True, slots=True)
class Form:
    """`question` is the text before its first option; `options`: how many there are."""

    question: str
    options: int

    @property
    def exam(self) -> float:
        """From 0, an open request, to 1, a question with options."""
        return min(1.0, max(0, self.options - 1) / (SURE - 1))


def form_of(text: str) -> Form:
    """Options are lettered A, B, C in order, in lines of their own or in one."""
    text = text[:LONGEST]
    for pattern in (_LINE, _INLINE):
        begins, count = _lettered(pattern.finditer(text))
        if count > 1:
            return Form(text[:begins], count)
    return Form(text, 0)


def _lettered(marks: Iterable[re.Match[str]]) -> tuple[int, int]:
    """Where the longest run A, B, C, ... begins, and its length."""
    best, begins, count = (0, 0), 0, 0
    for mark in marks:
        if mark[1] == "A":
            begins, count = mark.start(), 1
        elif count and mark[1] == chr(ord("A") + count):
            count += 1
        best = max(best, (count, -begins))
    return -best[1], best[0]
