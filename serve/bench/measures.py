"""From samples to figures. Pure.

TTFT: seconds to the first text; ITL: between two texts, as a reader sees them (one text may carry
several tokens); TPOT: per output token after the first; E2E: to the end. Goodput counts what met a
service level objective, as in DistServe (Zhong et al., OSDI 2024).
"""

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log2
from typing import Final

import numpy as np

from serve.bench.sample import Sample

PERCENTILES: Final = (50, 90, 99)
LEAST_GROWTH: Final = 0.10  # of throughput, when the load doubles
LEAST_ATTAINMENT: Final = 0.90  # of the objective; DistServe's
QUANTILES: Final = 101  # of a distribution that is kept: 0 %, 1 %, … 100 %

Figures = Mapping[str, float]
"""By name; what could not be measured is absent. Times in seconds, rates per second."""


@dataclass(frozen=True, slots=True)
class Objective:
    """Seconds that a good answer takes at most; None: any."""

    ttft: float | None = None
    tpot: float | None = None
    e2e: float | None = None

    def is_met(self, sample: Sample) -> bool:
        """Never by an answer that failed, or that had no text to be quick with."""
        if sample.error is not None or not sample.texts:
            return False
        pairs = (
            (sample.ttft, self.ttft),
            (sample.tpot, self.tpot),
            (sample.e2e, self.e2e),
        )
        return all(most is None or measured is None or measured <= most for measured, most in pairs)


@dataclass(frozen=True, slots=True)
class Window:
    """When it counts: after the warm-up, until no more requests are sent."""

    begin: float
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.begin

    def share(self, sample: Sample) -> float:
        """The part of an answer, by its texts, that came inside."""
        times = np.asarray(sample.texts) if sample.texts else np.array([sample.ended_at])
        return float(np.mean((self.begin <= times) & (times < self.end)))


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one level in one round. `failures` by word; `ttft` has quantiles of its distribution."""

    figures: Figures
    failures: Mapping[str, int]
    ttft: Sequence[float]


def outcome(samples: Iterable[Sample], window: Window, objective: Objective | None) -> Outcome:
    """Rates count what came inside of `window`; latencies the requests that ended after its
    beginning, and so also those that outlast it: a long answer must not drop out.
    """
    counted = [sample for sample in samples if sample.ended_at >= window.begin]
    answered = [sample for sample in counted if sample.error is None]
    figures = _rates(answered, window) | _latencies(answered)
    refusals = [sample.e2e for sample in counted if sample.refused]
    figures |= percentiles("refusal", refusals)
    figures["requests"] = len(counted)
    if objective and counted:
        figures |= _goodput(counted, window, objective)
    failures = Counter(sample.error for sample in counted if sample.error is not None)
    return Outcome(figures, dict(sorted(failures.items())), quantiles(_ttfts(answered)))


def percentiles(name: str, values: Sequence[float]) -> dict[str, float]:
    """`name_p50`, `name_p90` and `name_p99`; nothing without values."""
    if not len(values):
        return {}
    found = np.percentile(values, PERCENTILES)
    return {f"{name}_p{p}": float(value) for p, value in zip(PERCENTILES, found, strict=True)}


def quantiles(values: Sequence[float]) -> list[float]:
    if not len(values):
        return []
    return [float(q) for q in np.quantile(values, np.linspace(0, 1, QUANTILES))]


def medians(rounds: Sequence[Figures]) -> dict[str, float]:
    """Over the rounds in which a figure could be measured."""
    names = dict.fromkeys(name for figures in rounds for name in figures)
    return {
        name: statistics.median(figures[name] for figures in rounds if name in figures)
        for name in names
    }


def ratios(ours: Figures, theirs: Figures) -> dict[str, float]:
    """Ours to theirs, of what both have."""
    return {name: ours[name] / theirs[name] for name in ours if theirs.get(name)}


def _rates(answered: Sequence[Sample], window: Window) -> dict[str, float]:
    shares = [window.share(sample) for sample in answered]
    outputs = sum(s.output_tokens * part for s, part in zip(answered, shares, strict=True))
    inputs = sum(s.prompt_tokens * part for s, part in zip(answered, shares, strict=True))
    rates = {
        "requests_per_s": sum(shares) / window.seconds,
        "output_tokens_per_s": outputs / window.seconds,
        "total_tokens_per_s": (inputs + outputs) / window.seconds,
    }
    if answered:
        rates["prompt_tokens"] = statistics.fmean(sample.prompt_tokens for sample in answered)
        rates["output_tokens"] = statistics.fmean(sample.output_tokens for sample in answered)
    return rates


def _latencies(answered: Sequence[Sample]) -> dict[str, float]:
    gaps = [np.diff(np.asarray(sample.texts)) for sample in answered if len(sample.texts) > 1]
    tpots = [tpot for sample in answered if (tpot := sample.tpot) is not None]
    return (
        percentiles("ttft", _ttfts(answered))
        | percentiles("itl", np.concatenate(gaps).tolist() if gaps else [])
        | percentiles("tpot", tpots)
        | percentiles("e2e", [sample.e2e for sample in answered])
    )


def _ttfts(answered: Sequence[Sample]) -> list[float]:
    return [ttft for sample in answered if (ttft := sample.ttft) is not None]


def _goodput(counted: Sequence[Sample], window: Window, objective: Objective) -> dict[str, float]:
    good = [sample for sample in counted if objective.is_met(sample)]
    rates = _rates(good, window)
    return {
        "attainment": len(good) / len(counted),
        "goodput_requests_per_s": rates["requests_per_s"],
        "goodput_tokens_per_s": rates["output_tokens_per_s"],
    }


@dataclass(frozen=True, slots=True)
class Point:
    """`attainment`: the share of requests that met the objective; None without one."""

    load: float
    throughput: float
    attainment: float | None = None


@dataclass(frozen=True, slots=True)
class Knee:
    """The highest `load` that was worth it; None where not even the lowest was."""

    load: float | None
    reason: str


def knee(points: Sequence[Point]) -> Knee | None:
    """The load beyond which throughput grows by less than 10 % per doubling, or beyond which
    fewer than 90 % of the requests meet the objective, whichever comes first. None: beyond all
    that was measured.
    """
    before: Point | None = None
    for point in sorted(points, key=lambda point: point.load):
        if point.attainment is not None and point.attainment < LEAST_ATTAINMENT:
            reason = f"beyond it only {point.attainment:.0%} of the requests meet the objective"
            return Knee(before.load if before else None, reason)
        if before and (growth := _growth(before, point)) < LEAST_GROWTH:
            return Knee(before.load, f"twice the load brings {growth:+.0%} throughput")
        before = point
    return None


def _growth(before: Point, after: Point) -> float:
    """Of throughput per doubling of the load."""
    if before.throughput <= 0:
        return float("inf") if after.throughput > 0 else 0.0
    doublings = log2(after.load / before.load)
    return float((after.throughput / before.throughput) ** (1 / doublings)) - 1
