"""What was spent in a day or a month, and when the next one begins. Calendars are in UTC."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, Literal

from serve.sections.quotas import Budget, Limits

Span = Literal["day", "month"]
Unit = Literal["tokens", "money", "energy"]
DAY: Final = 86_400  # seconds
SPANS: Final[tuple[Span, ...]] = ("day", "month")
UNITS: Final[tuple[Unit, ...]] = ("tokens", "money", "energy")


@dataclass(slots=True)
class Spent:
    """`energy` in watt-hours, `money` in whatever the prices are in. A sum that grows in place."""

    tokens: float = 0.0
    money: float = 0.0
    energy: float = 0.0

    def add(self, tokens: float, money: float, energy: float) -> None:
        self.tokens += tokens
        self.money += money
        self.energy += energy

    def of(self, unit: Unit) -> float:
        return float(getattr(self, unit))


def period_of(span: Span, at: float) -> str:
    """`2026-11-26` or `2026-11`. `at` in unix seconds."""
    return _period(span, int(at // DAY))


@lru_cache(maxsize=16)
def _period(span: Span, day: int) -> str:
    date = datetime.fromtimestamp(day * DAY, UTC)
    return date.strftime("%Y-%m-%d" if span == "day" else "%Y-%m")


def renews_at(span: Span, at: float) -> float:
    """When the next one begins, in unix seconds."""
    midnight = datetime.fromtimestamp(at, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if span == "day":
        return (midnight + timedelta(days=1)).timestamp()
    return (midnight.replace(day=1) + timedelta(days=32)).replace(day=1).timestamp()


def budgets(limits: Limits) -> Iterator[tuple[Span, list[tuple[Unit, float]]]]:
    """Those that are set: of what span, in what, how much."""
    for span in SPANS:
        budget: Budget = getattr(limits, span)
        units = [(unit, float(m)) for unit in UNITS if (m := getattr(budget, unit)) is not None]
        if units:
            yield span, units
