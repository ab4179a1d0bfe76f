"""How long a tier takes, learnt from what its answers took: a line through their times.

    seconds = start + prompt tokens that had to be read * prompt + tokens of the answer * output

A stream tells two points of it, its first token and its end; another answer only the end.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, combinations

import numpy as np
from numpy.typing import NDArray

from models.engine import Usage
from serve.replay.past import Past

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rates:
    """Seconds: of a `start`, and of each token. `places`: how many the tier had, as far as it was
    told; `answers`: how many this was learnt from.
    """

    start: float
    prompt: float
    output: float
    places: int | None
    answers: int

    def first(self, usage: Usage, choices: int = 1) -> float:
        """Until the first token."""
        return self.start + self.prompt * _read(usage) + self.output * min(1, _said(usage, choices))

    def whole(self, usage: Usage, choices: int = 1) -> float:
        """Several choices are generated side by side."""
        return self.start + self.prompt * _read(usage) + self.output * _said(usage, choices)


def _read(usage: Usage) -> int:
    return max(0, usage.prompt_tokens - usage.cached_tokens)


def _said(usage: Usage, choices: int) -> float:
    return usage.completion_tokens / choices


def measured(pasts: Iterable[Past]) -> dict[str, Rates]:
    """By tier, from answers that were generated in one go."""
    by_tier: dict[str, list[Past]] = {}
    for past in pasts:
        if past.usual and past.usage and past.really.tier and not past.really.again:
            by_tier.setdefault(past.really.tier, []).append(past)
    return {tier: _fitted(answers) for tier, answers in by_tier.items()}


def _fitted(answers: Sequence[Past]) -> Rates:
    points = np.array(list(chain.from_iterable(map(_points, answers))))
    start, prompt, output = _not_negative(points[:, :3], points[:, 3])
    places = [past.features.places for past in answers if past.features.places is not None]
    return Rates(start, prompt, output, max(places, default=None), len(answers))


def _points(past: Past) -> list[tuple[float, float, float, float]]:
    """A start, tokens read and said, and the seconds of it, without the wait for a permit."""
    usage, choices = past.truth, past.features.choices
    end = (1.0, _read(usage), _said(usage, choices), max(0.0, past.really.total - past.queue))
    if not past.stream:
        return [end]
    first = max(0.0, past.really.ttft - past.queue)
    return [(1.0, _read(usage), min(1.0, _said(usage, choices)), first), end]


def _not_negative(rows: Floats, seconds: Floats) -> tuple[float, float, float]:
    """Least squares with no negative weight: of all sets of weights, the best that fits."""
    best, least = np.zeros(3), float(seconds @ seconds)
    for used in chain.from_iterable(combinations(range(3), n) for n in (1, 2, 3)):
        weights = np.zeros(3)
        weights[list(used)] = np.linalg.lstsq(rows[:, used], seconds, rcond=None)[0]
        error = float(((rows @ weights - seconds) ** 2).sum())
        if (weights >= 0).all() and error < least - 1e-12:
            best, least = weights, error
    return float(best[0]), float(best[1]), float(best[2])
