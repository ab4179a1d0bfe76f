"""How demanding a prompt looks, before anything was learnt from labels.

A sum of signs that people who write prompts would agree on: it is longer, asks for a proof or a
design, sets conditions, has formulas, code, terms of a trade; or it greets, looks something up,
translates a line. It is the same on every subject, so it cannot be worse on one not seen.
"""

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from serve.policy import vocabulary as said

LONGEST: Final = 2000  # characters that are counted; more are taken to be like them
EASY: Final = -2.2  # the logit of a prompt of ten plain words without any sign
ASKED: Final = 400  # characters at either end, where what is asked stands
SHORT: Final = 30  # words from which an easy task counts half: much else is in the text
PASTED: Final = 0.35  # of the length's weight when the text is there to be worked on

_WORD: Final = re.compile(r"[^\W\d_]+")
_HAN: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_NUMBER: Final = re.compile(r"\d+(?:[.,]\d+)*")
_FORMULA: Final = re.compile(r"[=^<>≤≥≠∈∀∃∧√∑∫π∂∞≡→±]|\\[a-z]{2,}|\d\s?[+*/]\s?\d|\w_\{?\w|\bo\(")
_CODE: Final = re.compile(
    r"```|^\s*(?:def|class|import|for|while|func|fn) \w|[{};]\s*$|\w\(\)", re.M
)
_SENTENCE: Final = re.compile(r"[.!?;。?!](?=\s|$|[\u3400-\u9fff])|\n\s*(?:[-*•]|\d+[.)])\s")
_LONG: Final = 10  # letters of a word that is likely a term


@dataclass(frozen=True, slots=True)
class Sign:
    """`weight` for each time that `found` occurs, up to `most` times."""

    weight: float
    most: int
    found: re.Pattern[str]

    def __call__(self, text: str) -> float:
        return min(self.most, sum(1 for _ in self.found.finditer(text)))


HARD: Final = (
    Sign(1.5, 2, said.PROVE),
    Sign(1.0, 3, said.BUILD),
    Sign(0.9, 3, said.WEIGH),
    Sign(0.55, 2, said.EXPLAIN),
    Sign(0.45, 2, said.COMPUTE),
    Sign(0.5, 4, said.TERM),
    Sign(0.3, 4, said.CONDITION),
    Sign(0.25, 4, said.RATIO),
    Sign(0.35, 3, _FORMULA),
    Sign(0.4, 3, _CODE),
)
MILD: Final = (
    Sign(-1.2, 1, said.GREETING),
    Sign(-0.8, 1, said.LOOK_UP),
    Sign(-1.0, 1, said.CHORE),
    Sign(-0.6, 2, said.BRIEF),
)
SIGNS: Final = len(HARD) + len(MILD) + 4


def signs(text: str) -> NDArray[np.float64]:
    """What `demand` adds up: (SIGNS,), each already with its weight."""
    asked = (text if len(text) <= 2 * ASKED else f"{text[:ASKED]}\n{text[-ASKED:]}").lower()
    counted, more = text[:LONGEST], max(1.0, len(text) / LONGEST)
    words = _WORD.findall(counted)
    size = more * (len(words) + len(_HAN.findall(counted)) / 2)
    short = 1 / (1 + (size / SHORT) ** 2)
    length = np.log((3 + size) / 13) * (PASTED if said.CHORE.search(asked[:100]) else 1.0)
    terms = sum(len(word) >= _LONG for word in words)
    return np.array(
        [
            0.9 * length,
            0.25 * np.log1p(more * terms),
            0.3 * np.log1p(more * len(_NUMBER.findall(counted))),
            0.3 * np.log(max(1.0, more * len(_SENTENCE.findall(counted)))),
            *(sign.weight * sign(asked) for sign in HARD),
            *(sign.weight * sign(asked) * (0.25 + 0.75 * short) for sign in MILD),
        ]
    )


def demand(text: str) -> float:
    """A logit: the more, the likelier only a strong model does well."""
    return EASY + float(signs(text).sum())
