"""How good a ranking is, judged by people: recall, nDCG and MRR, with graded relevance.

Rankings are ids of documents, best first, each once; `gains` says how relevant an id is (greater
is better, 0 or absent: not at all). A question that nothing is relevant to has no measure.
"""

import math
import random
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final, TypeVar

Id = TypeVar("Id", bound=Hashable)
RESAMPLES: Final = 2000


def once_each(ids: Iterable[Id]) -> list[Id]:
    """The ids in order, each where it comes first: passages become documents."""
    return list(dict.fromkeys(ids))


def recall(ranking: Sequence[Id], gains: Mapping[Id, float], k: int) -> float:
    """The share of what is relevant among the first `k`, of what could be there."""
    relevant = {id for id, gain in gains.items() if gain > 0}
    return len(relevant.intersection(ranking[:k])) / min(k, len(relevant))


def ndcg(ranking: Sequence[Id], gains: Mapping[Id, float], k: int = 10) -> float:
    """Discounted gain of the first `k` over that of the best order; gains count as they are."""
    best = sorted((gain for gain in gains.values() if gain > 0), reverse=True)
    return _discounted([gains.get(id, 0.0) for id in ranking[:k]]) / _discounted(best[:k])


def reciprocal_rank(ranking: Sequence[Id], gains: Mapping[Id, float]) -> float:
    """1 over the place of the first that is relevant; 0 if there is none."""
    found = (place for place, id in enumerate(ranking, 1) if gains.get(id, 0) > 0)
    return 1 / next(found, math.inf)


def _discounted(gains: Sequence[float]) -> float:
    return sum(max(gain, 0.0) / math.log2(place + 2) for place, gain in enumerate(gains))


@dataclass(frozen=True, slots=True)
class Judged:
    """Measures of one way of ranking, one value for each question."""

    ndcg: tuple[float, ...]
    recall: tuple[float, ...]
    rank: tuple[float, ...]

    def summary(self) -> dict[str, float]:
        return {
            "ndcg@10": fmean(self.ndcg),
            "recall@10": fmean(self.recall),
            "mrr": fmean(self.rank),
        }


def judged(
    rankings: Mapping[str, Sequence[Id]], gains: Mapping[str, Mapping[Id, float]], k: int = 10
) -> Judged:
    """`rankings` and `gains` by question. A question without a ranking found nothing.

    Raises `ValueError` when there is no question that anything is relevant to.
    """
    asked = [name for name, of in gains.items() if any(gain > 0 for gain in of.values())]
    if not asked:
        raise ValueError("No question has a relevant document.")
    pairs = [(once_each(rankings.get(name, ())), gains[name]) for name in asked]
    return Judged(
        tuple(ndcg(ranking, of, k) for ranking, of in pairs),
        tuple(recall(ranking, of, k) for ranking, of in pairs),
        tuple(reciprocal_rank(ranking, of) for ranking, of in pairs),
    )


def interval(values: Sequence[float], confidence: float = 0.95) -> tuple[float, float]:
    """Between which means lie so many of `RESAMPLES` drawings of as many questions."""
    chance = random.Random(len(values))
    means = sorted(fmean(chance.choices(values, k=len(values))) for _ in range(RESAMPLES))
    cut = round((1 - confidence) / 2 * RESAMPLES)
    return means[cut], means[-cut - 1]
