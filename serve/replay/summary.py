"""Outcomes added up, and how two sums of them differ."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from serve.replay.past import Outcome


@dataclass(frozen=True, slots=True)
class Summary:
    """Of `requests`. `tiers`: how many each answered, with those that were given again; the rest
    was refused, by a limit, by admission, or because there is no such model. Seconds, of those that
    were answered; energy in watt-hours.
    """

    requests: int
    tiers: dict[str, int]
    again: int
    by_limit: int
    by_admission: int
    no_model: int
    cost: float
    energy: float
    ttft_p50: float
    ttft_p95: float
    total_p50: float
    total_p95: float

    @property
    def hit_rate(self) -> float:
        return self.again / self.requests if self.requests else 0.0


def summary(outcomes: Sequence[Outcome]) -> Summary:
    refusals = Counter(each.refusal for each in outcomes if each.refusal)
    answered = [each for each in outcomes if each.refusal is None]
    ttfts = sorted(each.ttft for each in answered)
    totals = sorted(each.total for each in answered)
    return Summary(
        len(outcomes),
        dict(sorted(Counter(each.tier or "none" for each in answered).items())),
        sum(each.again for each in answered),
        refusals["limit"],
        refusals["admission"],
        refusals["model"],
        math.fsum(each.cost for each in answered),
        math.fsum(each.energy for each in answered),
        _share(ttfts, 0.5),
        _share(ttfts, 0.95),
        _share(totals, 0.5),
        _share(totals, 0.95),
    )


def _share(ordered: Sequence[float], share: float) -> float:
    """The value that `share` of them do not exceed; 0 of none."""
    return ordered[math.ceil(share * len(ordered)) - 1] if ordered else 0.0
