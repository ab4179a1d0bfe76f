"""How answers went, over time: what tiles and plots show of receipts. Pure."""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from serve.receipts.outcome import Outcome
from serve.receipts.short import Short
from serve.telemetry.recent import GIVEN_AGAIN, quantile

POINTS: Final = 60
MINUTE: Final = 60.0
STEPS: Final = (
    10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400,
)  # fmt: skip


class Frame(NamedTuple):
    """`many` points of `step` seconds from `since` (unix seconds) on; `now` is in the last one."""

    since: float
    step: float
    many: int
    now: float

    @property
    def length(self) -> float:
        """In seconds."""
        return self.step * self.many

    @property
    def before(self) -> "Frame":
        """The same before it, as one point."""
        return Frame(self.since - self.length, self.length, 1, self.since)


def frame_of(minutes: int, now: float) -> Frame:
    """The last `minutes` until `now`, with `POINTS` points at most, at whole steps."""
    step = next((step for step in STEPS if minutes * MINUTE / step <= POINTS), STEPS[-1])
    many = math.ceil(minutes * MINUTE / step)
    return Frame(math.ceil(now / step) * step - many * float(step), float(step), many, now)


@dataclass(slots=True)
class Sum:
    """Of the receipts of one point. Times in milliseconds."""

    outcomes: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    tiers: Counter[str] = field(default_factory=Counter)
    cache: Counter[str] = field(default_factory=Counter)
    ttft: list[float] = field(default_factory=list)
    itl: list[float] = field(default_factory=list)
    queue: list[float] = field(default_factory=list)
    total: list[float] = field(default_factory=list)
    input: int = 0
    output: int = 0
    cost: float = 0.0
    energy: float = 0.0

    def add(self, row: Short) -> None:
        outcome, cause = row.outcome, row.cause or row.error or str(row.status)
        self.outcomes[outcome] += 1
        if outcome in ("failed", "refused"):
            named = self.errors if outcome == "failed" else self.refusals
            named[cause] += 1
        if row.tier is not None:
            self.tiers[row.tier] += 1
        if row.cache is not None:
            self.cache[row.cache] += 1
        if row.ttft is not None:
            self.ttft.append(row.ttft)
        if outcome == "ok" and row.total is not None:
            self.total.append(row.total)
        if row.cache not in GIVEN_AGAIN:
            self._add_made(row, outcome)
        self.cost += row.cost
        self.energy += row.energy

    def _add_made(self, row: Short, outcome: Outcome) -> None:
        if outcome == "ok":
            self.queue.append(row.queue)
        if row.stream and row.pace:
            self.itl.append(1000 / row.pace)
        self.input += row.input
        self.output += row.output

    def told(self, seconds: float, every: int) -> dict[str, Any]:
        """JSON-ready, in seconds; counts as of all, where one of `every` is known."""
        output = self.output * every
        return {
            "seconds": seconds,
            "requests": self.outcomes.total() * every,
            "failed": self.outcomes["failed"] * every,
            "refused": self.outcomes["refused"] * every,
            "left": self.outcomes["left"] * every,
            **{
                name: {one: count * every for one, count in getattr(self, name).items()}
                for name in ("errors", "refusals", "tiers", "cache")
            },
            **_quantiles("ttft", self.ttft),
            **_quantiles("itl", self.itl),
            **_quantiles("total", self.total),
            **_quantiles("queue", self.queue),
            "input_tokens": self.input * every,
            "output_tokens": output,
            "output_tokens_per_second": output / seconds if seconds > 0 else 0.0,
            "cost": self.cost * every,
            "energy": self.energy * every,
        }


def points(rows: Iterable[Short], frame: Frame, every: int = 1) -> list[dict[str, Any]]:
    """One after the other; of the last, only what is over by now counts as its seconds."""
    sums = [Sum() for _ in range(frame.many)]
    for row in rows:
        at = int((row.at - frame.since) // frame.step)
        sums[min(max(at, 0), frame.many - 1)].add(row)
    starts = [frame.since + number * frame.step for number in range(frame.many)]
    return [
        {"at": at, **one.told(min(frame.step, frame.now - at), every)}
        for at, one in zip(starts, sums, strict=True)
    ]


def together(rows: Iterable[Short], frame: Frame, every: int = 1) -> dict[str, Any]:
    """All of it."""
    found = Sum()
    for row in rows:
        found.add(row)
    return found.told(frame.now - frame.since, every)


def _quantiles(name: str, values: list[float]) -> dict[str, float | None]:
    ordered = sorted(values)
    found = {f"{name}_p50": quantile(ordered, 0.5), f"{name}_p95": quantile(ordered, 0.95)}
    return {one: None if ms is None else round(ms / 1000, 6) for one, ms in found.items()}
