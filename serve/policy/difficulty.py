"""How likely a prompt needs the strong tier: "weak wrong and strong right".

A logistic regression over surface features and the MiniLM embedding (regularised through its
principal components, so that it is 384 weights in the end), trained by `benchmarks/router.py` on
questions with and without their options. Far from everything it has seen, only the surface
features count. The dial's meaning is calibrated on held-out predictions: `quality` q sends to the
strong tier the prompts that recover the share q of the quality between the two.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from serve.policy.routing import Guess

Vector = NDArray[np.float32]

WEIGHTS: Final = Path(__file__).with_name("difficulty.npz")
LONGEST: Final = 20_000  # characters that are looked at

_OPTION: Final = re.compile(r"^\(?[A-H][.)] ", re.M)
_WORD: Final = re.compile(r"[^\W\d_]+")
_SYMBOL: Final = re.compile(r"[=+*/^<>|~≤≥≠∈∀∃∧√∑∫π\\%$]")
_NEGATION: Final = re.compile(
    r"\b(?:not|except|least|never|neither|incorrect|false|cannot)\b", re.I
)
_TASK: Final = re.compile(
    r"\b(?:calculate|compute|find|solve|determine|evaluate|prove|derive|estimate|how many)\b", re.I
)
_LOGIC: Final = re.compile(
    r"\b(?:if|then|all|every|some|only|unless|therefore|implies|suppose|assume|given|let)\b", re.I
)
_CODE: Final = re.compile(r"```|\bdef \w|\breturn\b|\bclass \w|[{}]|\(\)|->|::|==", re.M)
SURFACE: Final = 13  # features


def surface(text: str) -> NDArray[np.float64]:
    """What a text shows without being understood: (SURFACE,), of order one."""
    text = text[:LONGEST]
    length = max(1, len(text))
    words = _WORD.findall(text)
    count = max(1, len(words))
    return np.array(
        [
            np.log1p(length) - 5,
            np.log1p(count) - 3,
            min(15.0, sum(map(len, words)) / count) - 5,
            10 * sum(c.isdigit() for c in text) / length,
            10 * len(_SYMBOL.findall(text)) / length,
            10 * sum(c.isupper() for c in text) / length,
            float(len(_OPTION.findall(text)) >= 2),
            np.log1p(len(_NEGATION.findall(text))),
            np.log1p(len(_TASK.findall(text))),
            np.log1p(len(_LOGIC.findall(text))),
            np.log1p(len(_CODE.findall(text))),
            float("?" in text),
            len({word.lower() for word in words}) / count,
        ]
    )


@dataclass(frozen=True, slots=True)
class Difficulty:
    """`full` (1 + SURFACE + 384,) and `plain` (1 + SURFACE,): bias first. `centres` (n, 384) of
    length 1 are what was seen, `nearest` the cosine below which a text is unfamiliar.
    `thresholds` (n,) belong to dials evenly from 0 to 1.
    """

    full: NDArray[np.float64]
    plain: NDArray[np.float64]
    centres: NDArray[np.float64]
    nearest: float
    thresholds: NDArray[np.float64]

    def guess(self, text: str, vector: Vector | None, quality: float) -> Guess:
        """`vector` (384,) of length 1; None: only the surface is known."""
        features = surface(text)
        known = vector is not None and float(np.max(self.centres @ vector)) >= self.nearest
        if known and vector is not None:
            features, weights = np.concatenate((features, vector)), self.full
        else:
            weights = self.plain
        return Guess(_logistic(features, weights), self.threshold(quality), known)

    def threshold(self, quality: float) -> float:
        """The probability from which the dial `quality` (0 to 1) asks the strong tier."""
        dials = np.linspace(0, 1, len(self.thresholds))
        return float(np.interp(quality, dials, self.thresholds))

    def save(self, file: Path) -> None:
        """About 10 kB: half precision is more than the data can tell apart."""
        halves = {name: getattr(self, name).astype(np.float16) for name in ("full", "plain")}
        quants = np.round(self.centres * 127).astype(np.int8)
        np.savez_compressed(
            file, **halves, centres=quants, nearest=self.nearest, thresholds=self.thresholds
        )


@cache
def trained(file: Path = WEIGHTS) -> Difficulty:
    """The weights that come with Hearth."""
    with np.load(file, allow_pickle=False) as kept:
        centres = kept["centres"].astype(np.float64)
        centres /= np.linalg.norm(centres, axis=1, keepdims=True)
        return Difficulty(
            kept["full"].astype(np.float64),
            kept["plain"].astype(np.float64),
            centres,
            float(kept["nearest"]),
            kept["thresholds"].astype(np.float64),
        )


def _logistic(features: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    return float(1 / (1 + np.exp(-(weights[0] + features @ weights[1:]))))
