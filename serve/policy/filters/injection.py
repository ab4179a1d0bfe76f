"""How likely a text wants to overrule the instructions that a model was given.

Where a word of the trade occurs, the words around it are weighed: single words, and two and three
in a row, hashed. `benchmarks/injection.py` trains the weights. The likeliest place of a text
counts, so that an attack in a long document is not diluted.
"""

import re
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WEIGHTS: Final = Path(__file__).with_name("injection.npz")
BUCKETS: Final = 8192
BEFORE, BEHIND = 12, 24  # words around a word of the trade that are weighed with it
MOST: Final = 200  # places of one text

_WORD: Final = re.compile(r"[^\W_]+|[<\[{#|]{2,}")
# The first five letters of words of the trade, in several languages.
_STEMS: Final = (
    "above act acts anwei befeh bypas confi consi dan devel dimen disre esque filte forge forgo "
    "guide hence hidde ignor instr istru jailb limit mode obey olvid oubli outpu overr passw "
    "perso prece prete previ print promp regle regel repea restr revea rol role roles rule rules "
    "secre simul syste uncen unres verge vergi vorhe забуд игнор инстр указа"
)
_TRADE: Final = frozenset(_STEMS.split())


def words_of(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]


def places(words: list[str]) -> list[list[str]]:
    """The surroundings of every word of the trade; those of neighbours only once."""
    found, until = list[list[str]](), -1
    for at, word in enumerate(words):
        if at > until and word[:5] in _TRADE:
            begin = max(0, at - BEFORE)
            until = at + BEHIND // 2
            found.append(words[begin : at + BEHIND])
    return found[:MOST]


def buckets(words: list[str]) -> NDArray[np.int64]:
    """Of words and of two and three in a row, each once."""
    pairs = map(" ".join, pairwise(words))
    threes = map(" ".join, zip(words, words[1:], words[2:], strict=False))
    hashed = {crc32(each.encode()) % BUCKETS for row in (words, pairs, threes) for each in row}
    return np.fromiter(hashed, np.int64)


@dataclass(frozen=True, slots=True)
class Injection:
    """`weights` (BUCKETS,) and a bias, of a logit."""

    weights: Floats
    bias: float

    def likely(self, text: str) -> float:
        """0 to 1."""
        around = places(words_of(text))
        if not around:
            return 0.0
        logit = max(self._logit(words) for words in around)
        return float(1 / (1 + np.exp(-logit)))

    def _logit(self, words: list[str]) -> float:
        found = buckets(words)
        return self.bias + float(self.weights[found].sum()) / float(np.sqrt(len(found)))

    def save(self, file: Path) -> None:
        """Eight bits a weight."""
        scale = np.abs(self.weights).max() / 127
        rounded = np.round(self.weights / scale).astype(np.int8)
        np.savez_compressed(file, weights=rounded, scale=scale, bias=self.bias)


@cache
def trained(file: Path = WEIGHTS) -> Injection:
    """The weights that come with Hearth."""
    with np.load(file, allow_pickle=False) as kept:
        weights = kept["weights"].astype(np.float64) * float(kept["scale"])
        return Injection(weights, float(kept["bias"]))
