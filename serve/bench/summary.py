"""What the rounds of a benchmark say together."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from serve.bench.measures import Figures, Knee, Point, knee, medians
from serve.bench.run import Round
from serve.bench.workload import Level


@dataclass(frozen=True, slots=True)
class Summary:
    """One target under one load: medians over its rounds, all failures, and the quantiles of the
    time to the first text (the mean over rounds of each).
    """

    target: str
    level: Level
    figures: Figures
    failures: Mapping[str, int]
    ttft: Sequence[float]
    rounds: Sequence[Figures]


def summaries(rounds: Sequence[Round]) -> list[Summary]:
    """By target and load, in the order in which they were measured."""
    keys = dict.fromkeys((one.target, one.level) for one in rounds)
    return [
        _summary([one for one in rounds if (one.target, one.level) == (target, level)])
        for target, level in keys
    ]


def _summary(rounds: Sequence[Round]) -> Summary:
    failures: Counter[str] = Counter()
    for one in rounds:
        failures.update(one.outcome.failures)
    figures = [one.outcome.figures for one in rounds]
    curves = [one.outcome.ttft for one in rounds if one.outcome.ttft]
    ttft = [float(q) for q in np.mean(curves, axis=0)] if curves else []
    first = rounds[0]
    return Summary(first.target, first.level, medians(figures), failures, ttft, figures)


def of_target(found: Sequence[Summary], target: str) -> list[Summary]:
    return [summary for summary in found if summary.target == target]


def targets_of(found: Sequence[Summary]) -> list[str]:
    return list(dict.fromkeys(summary.target for summary in found))


def levels_of(found: Sequence[Summary]) -> list[Level]:
    return list(dict.fromkeys(summary.level for summary in found))


def knee_of(found: Sequence[Summary], target: str) -> Knee | None:
    """By output tokens per second."""
    return knee(
        [
            Point(
                summary.level.load,
                summary.figures["output_tokens_per_s"],
                summary.figures.get("attainment"),
            )
            for summary in of_target(found, target)
        ]
    )


def knee_words(found: Sequence[Summary], target: str) -> str:
    """The knee in words."""
    levels = [summary.level for summary in of_target(found, target)]
    if len(levels) < 2:
        return "one load shows no knee"
    bend = knee_of(found, target)
    if bend is None:
        return f"no knee up to {max(levels, key=lambda level: level.load)}"
    if bend.load is None:
        return f"the knee is below {min(levels, key=lambda level: level.load)}: {bend.reason}"
    at = next(level for level in levels if level.load == bend.load)
    return f"the knee is at {at}: {bend.reason}"
