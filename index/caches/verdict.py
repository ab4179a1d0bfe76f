"""How likely the answer to one question is right for another, and from where on to trust that.

A small network over what embeddings and words say of a pair; `benchmarks/semantic_cache.py` trains
it and measures how far to trust it. The threshold follows from a budget of false hits on pairs that
were not trained on: the lowest at which their share is within the budget even at the upper end of
its confidence interval.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from index.answers.words import STOP_WORDS, stem, words
from index.caches.said import Said
from index.documents import TokenVectors, Vector

Floats = NDArray[np.float64]

WEIGHTS: Final = Path(__file__).with_name("verdict.npz")
FEATURES: Final = 12
KNOWN: Final = 1000  # words whose rarity is kept; any other one is as rare as the rarest of them
_SCALE: Final = 127**2


@dataclass(frozen=True, slots=True)
class Sentence:
    """A short text with its vector (d,), of length 1, and its tokens' (t, d), int8.

    The first and the last token are special ones.
    """

    text: str
    vector: Vector
    tokens: TokenVectors


@dataclass(frozen=True, slots=True)
class Rarity:
    """Of stems: 1 is as rare as any. Function words weigh a tenth."""

    known: Mapping[str, float]

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Rarity":
        seen = Counter(one for text in texts for one in set(map(stem, words(text))))
        common = seen.most_common(KNOWN)
        least, most = (math.log(len(texts) / count) for _, count in (common[0], common[-1]))
        span = max(most - least, 1e-6)
        return cls({one: (math.log(len(texts) / n) - least) / span for one, n in common})

    def weights(self, text: str) -> dict[str, float]:
        """Of each stem of `text`."""
        return {
            one: self.known.get(one, 1.0) * (0.1 if word in STOP_WORDS else 1.0)
            for word in words(text)
            for one in [stem(word)]
        }


@dataclass(frozen=True, slots=True)
class Parsed:
    """A sentence taken apart once for all that it is compared with; `weights` of its stems."""

    sentence: Sentence
    weights: Mapping[str, float]
    said: Said

    @property
    def size(self) -> int:
        """Bytes, at most, besides the sentence's vectors."""
        return 800 + self.said.size + 160 * len(self.weights)


def features(one: Parsed, other: Parsed) -> Floats:
    """(FEATURES,), of order one, of what is asked and what is kept."""
    asked, kept = one.sentence, other.sentence
    cosines = asked.tokens[1:-1].astype(np.float32) @ kept.tokens[1:-1].astype(np.float32).T
    if not cosines.size:
        cosines = np.zeros((1, 1), np.float32)
    cosines /= _SCALE
    # Of a dozen numbers, plain Python is faster than numpy.
    there, back = (sorted(cosines.max(axis).tolist()) for axis in (1, 0))
    mine, others = one.weights, other.weights
    sizes = sum(mine.values()) + 0.1, sum(others.values()) + 0.1
    left = [weight for one, weight in mine.items() if one not in others]
    added = [weight for one, weight in others.items() if one not in mine]
    return np.array(
        [
            asked.vector @ kept.vector,
            _mean(there),
            _mean(back),
            there[0],
            back[0],
            _mean(there[: max(1, len(there) // 4)]),
            _mean(back[: max(1, len(back) // 4)]),
            sum(left) / sizes[0],
            sum(added) / sizes[1],
            max(left, default=0.0),
            max(added, default=0.0),
            abs(math.log(max(1, len(asked.tokens)) / max(1, len(kept.tokens)))),
        ],
        np.float64,
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`mean` and `scale` (FEATURES,) bring features to order one; `inner` (FEATURES + 1, h) and
    `outer` (h + 1,) are the network's weights, the bias last. `thresholds`: for each budget of
    false hits the probability from which an answer is given.
    """

    rarity: Rarity
    mean: Floats
    scale: Floats
    inner: Floats
    outer: Floats
    thresholds: Mapping[float, float]

    def parsed(self, sentence: Sentence) -> Parsed:
        return Parsed(sentence, self.rarity.weights(sentence.text), Said(sentence.text))

    def probability(self, asked: Parsed, kept: Parsed) -> float:
        """That the answer to `kept` is right for `asked`, vetoes aside."""
        return float(self.probabilities(features(asked, kept)[None])[0])

    def probabilities(self, rows: Floats) -> Floats:
        """(n,) for features (n, FEATURES)."""
        scaled = (rows - self.mean) / self.scale
        hidden = np.tanh(scaled @ self.inner[:-1] + self.inner[-1])
        found: Floats = 1 / (1 + np.exp(-(hidden @ self.outer[:-1] + self.outer[-1])))
        return found

    def threshold(self, budget: float) -> float:
        """For the largest measured budget within `budget`; infinite where there is none."""
        within = [one for one in self.thresholds if one <= budget + 1e-9]
        return self.thresholds[max(within)] if within else math.inf

    def save(self, file: Path) -> None:
        known = self.rarity.known
        np.savez_compressed(
            file,
            words=np.frombuffer(" ".join(known).encode(), np.uint8),
            rarity=np.round(np.array(list(known.values())) * 255).astype(np.uint8),
            mean=self.mean.astype(np.float32),
            scale=self.scale.astype(np.float32),
            inner=self.inner.astype(np.float16),
            outer=self.outer.astype(np.float16),
            budgets=np.array(list(self.thresholds), np.float64),
            thresholds=np.array(list(self.thresholds.values()), np.float64),
        )


@cache
def trained(file: Path = WEIGHTS) -> Verdict:
    """The weights that come with Hearth."""
    with np.load(file, allow_pickle=False) as kept:
        read = {name: kept[name] for name in kept.files}
    stems = read.pop("words").tobytes().decode().split()
    known = dict(zip(stems, (read.pop("rarity") / 255).tolist(), strict=True))
    budgets = zip(read.pop("budgets").tolist(), read.pop("thresholds").tolist(), strict=True)
    weights = {name: each.astype(np.float64) for name, each in read.items()}
    return Verdict(Rarity(known), thresholds=dict(budgets), **weights)


def highest_share(wrong: int, among: int, confidence: float = 0.95) -> float:
    """The upper end of Clopper and Pearson's one-sided interval for `wrong` among `among` cases:
    the share at which so few would be seen only once in 1 / (1 - `confidence`) times.
    """
    if wrong >= among:
        return 1.0
    low, high = wrong / among, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        if _at_most(wrong, among, middle) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def _at_most(wrong: int, among: int, share: float) -> float:
    """How likely a binomial draw is `wrong` or fewer."""
    logs = [
        math.lgamma(among + 1) - math.lgamma(k + 1) - math.lgamma(among - k + 1)
        + k * math.log(share) + (among - k) * math.log1p(-share)
        for k in range(wrong + 1)
    ]  # fmt: skip
    return math.fsum(map(math.exp, logs))


def lowest_threshold(scores: Floats, budget: float, confidence: float = 0.95) -> float:
    """From `scores` (n,) of pairs that must not hit: the lowest threshold whose false hits stay
    within `budget` with `confidence`; infinite where they are too few to tell.
    """
    ranked = np.sort(scores)[::-1]
    allowed = -1
    while allowed + 1 < len(ranked):
        if highest_share(allowed + 1, len(ranked), confidence) > budget:
            break
        allowed += 1
    return math.inf if allowed < 0 else float(np.nextafter(ranked[allowed], math.inf))
