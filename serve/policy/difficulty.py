"""How likely a prompt needs the strong tier: "weak wrong and strong right".

An open request is judged by its signs (`prior`), which hold on every subject, and by a tone: which
way its MiniLM embedding leans between everyday and demanding prompts. A question with options is
what labels exist for: there a regression over surface features, and over how near the embedding is
to a hundred kinds of question; far from all of them that part fades, and the surface decides.
`benchmarks/router.py` trains both. The dial's meaning is calibrated on held-out predictions:
`quality` q sends to the strong tier the questions that recover the share q of the quality between
the two.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from serve.policy.examination import Form, form_of
from serve.policy.prior import demand
from serve.policy.routing import Guess

Vector = NDArray[np.float32]
Floats = NDArray[np.float64]

WEIGHTS: Final = Path(__file__).with_name("difficulty.npz")
LONGEST: Final = 6000  # characters that are looked at
MOST: Final = 1.5  # logits
KNOWN: Final = 0.3  # nearness that 99 % of what was trained on have

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
_SIDE: Final = 12  # features of a text
SURFACE: Final = 2 * _SIDE  # of a question without its options, and with them


def surface(form: Form, text: str) -> Floats:
    """What a question shows without being understood: (SURFACE,), of order one."""
    return np.concatenate((_side(form.question), _side(text[:LONGEST])))


def _side(text: str) -> Floats:
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
            np.log1p(len(_NEGATION.findall(text))),
            np.log1p(len(_TASK.findall(text))),
            np.log1p(len(_LOGIC.findall(text))),
            np.log1p(len(_CODE.findall(text))),
            float("?" in text),
            len({word.lower() for word in words}) / count,
        ]
    )


@dataclass(frozen=True, slots=True)
class Kinds:
    """Kinds of question: `axes` (d, 384) and `middle` (d,) project a vector to where `centres`

    (n, d) are; `width` is the distance at which one is felt by 1/e.
    """

    axes: Floats
    middle: Floats
    centres: Floats
    width: float

    def near(self, vectors: NDArray[np.floating]) -> Floats:
        """From 0, far, to 1, at it: (..., n) for vectors (..., 384)."""
        places = vectors @ self.axes.T - self.middle
        squares = (places**2).sum(-1)[..., None] + (self.centres**2).sum(-1)
        distances = np.maximum(squares - 2 * places @ self.centres.T, 0)
        near: Floats = np.exp(-distances / self.width**2)
        return near


@dataclass(frozen=True, slots=True)
class Difficulty:
    """`full` (1 + SURFACE + n,) and `plain` (1 + SURFACE,): bias first, then the surface, then

    how near each of the `kinds` is. `tone` (1 + 384,) too. `thresholds` belong to dials evenly
    from 0 to 1.
    """

    full: Floats
    plain: Floats
    tone: Floats
    kinds: Kinds
    thresholds: Floats

    def guess(self, text: str, vector: Vector | None, quality: float) -> Guess:
        """`vector` (384,) of length 1; None: only what the text shows is known."""
        form = form_of(text)
        logit, known = 0.0, vector is not None
        if form.exam > 0:
            learnt, known = self._learnt(surface(form, text), vector)
            logit += form.exam * learnt
        if form.exam < 1:
            logit += (1 - form.exam) * self._open(text, vector)
        return Guess(float(1 / (1 + np.exp(-logit))), self.threshold(quality), known)

    def _open(self, text: str, vector: Vector | None) -> float:
        """A logit. The signs rule: a tone moves it by `MOST` at most."""
        if vector is None:
            return demand(text)
        tone = float(self.tone[0] + vector @ self.tone[1:])
        return demand(text) + max(-MOST, min(MOST, tone))

    def _learnt(self, shown: Floats, vector: Vector | None) -> tuple[float, bool]:
        """A logit, and whether it is a kind of question that was trained on."""
        plain = float(self.plain[0] + shown @ self.plain[1:])
        if vector is None:
            return plain, False
        near = self.kinds.near(vector)
        full = float(self.full[0] + np.concatenate((shown, near)) @ self.full[1:])
        trust = float(near.max())
        return trust * full + (1 - trust) * plain, trust >= KNOWN

    def threshold(self, quality: float) -> float:
        """The probability from which the dial `quality` (0 to 1) asks the strong tier."""
        dials = np.linspace(0, 1, len(self.thresholds))
        return float(np.interp(quality, dials, self.thresholds))

    def save(self, file: Path) -> None:
        """Under 20 kB: eight bits for places, sixteen for weights; the data cannot tell more."""
        kinds = self.kinds
        np.savez_compressed(
            file,
            full=self.full.astype(np.float16),
            plain=self.plain.astype(np.float16),
            tone=self.tone.astype(np.float16),
            axes=_in_bytes(kinds.axes),
            axes_scale=np.abs(kinds.axes).max() / 127,
            centres=_in_bytes(kinds.centres),
            centres_scale=np.abs(kinds.centres).max() / 127,
            middle=kinds.middle,
            width=kinds.width,
            thresholds=self.thresholds,
        )


@cache
def trained(file: Path = WEIGHTS) -> Difficulty:
    """The weights that come with Hearth."""
    with np.load(file, allow_pickle=False) as kept:
        read = {name: kept[name].astype(np.float64) for name in kept.files}
    kinds = Kinds(
        read["axes"] * read["axes_scale"],
        read["middle"],
        read["centres"] * read["centres_scale"],
        float(read["width"]),
    )
    return Difficulty(read["full"], read["plain"], read["tone"], kinds, read["thresholds"])


def _in_bytes(values: Floats) -> NDArray[np.int8]:
    found: NDArray[np.int8] = np.round(values / np.abs(values).max() * 127).astype(np.int8)
    return found
