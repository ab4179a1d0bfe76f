"""Passages that say nothing that a better one has not said word for word are left out.

Only those: one number or one "not" more, and a passage says something else, however near their
vectors are.
"""

import re
from collections.abc import Iterable
from typing import Final

_WORD: Final = re.compile(r"\w+")


def distinct(texts: Iterable[str], most: int) -> list[int]:
    """The places of the first `most` texts whose words, in their order, are in none before."""
    kept: list[int] = []
    said: list[str] = []
    for place, text in enumerate(texts):
        if len(kept) == most:
            break
        words = f" {' '.join(_WORD.findall(text.lower()))} "
        if not any(words in other for other in said):
            kept.append(place)
            said.append(words)
    return kept
