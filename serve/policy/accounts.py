"""One account: of a key, of a group of keys or of a model. What it has used, and what is left."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from serve.policy.buckets import Bucket
from serve.policy.budgets import Span, Spent, Unit, budgets, renews_at
from serve.sections.quotas import Limits

Kind = Literal["requests", "input_tokens", "output_tokens", "tokens"]
TOKENS: Final[tuple[Kind, ...]] = ("tokens", "input_tokens", "output_tokens")
KINDS: Final[tuple[Kind, ...]] = ("requests", *TOKENS)
AT_A_TIME: Final = "requests at a time"
A_SLOT: Final = 1.0  # seconds to come back after, when too many are being answered

SpentIn = Callable[[Span], Spent]


@dataclass(frozen=True, slots=True)
class Moment:
    """`now` in seconds of a clock that does not go back, `at` in unix seconds."""

    now: float
    at: float


@dataclass(slots=True, unsafe_hash=True)
class Cost:
    """Of one request, expected or in the end. `input` and `output` in tokens.

    Nobody changes one: it is not frozen because that would take three times as long to make.
    """

    requests: float = 1.0
    input: float = 0.0
    output: float = 0.0
    money: float = 0.0
    energy: float = 0.0

    def of(self, kind: Kind) -> float:
        if kind == "requests":
            return self.requests
        if kind == "tokens":
            return self.input + self.output
        return self.input if kind == "input_tokens" else self.output

    def unit(self, unit: Unit) -> float:
        return self.input + self.output if unit == "tokens" else float(getattr(self, unit))

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            self.requests + other.requests,
            self.input + other.input,
            self.output + other.output,
            self.money + other.money,
            self.energy + other.energy,
        )

    def __sub__(self, other: "Cost") -> "Cost":
        return Cost(
            self.requests - other.requests,
            self.input - other.input,
            self.output - other.output,
            self.money - other.money,
            self.energy - other.energy,
        )

    def larger(self, other: "Cost") -> "Cost":
        """The larger of both in everything."""
        return Cost(
            max(self.requests, other.requests),
            max(self.input, other.input),
            max(self.output, other.output),
            max(self.money, other.money),
            max(self.energy, other.energy),
        )


@dataclass(frozen=True, slots=True)
class Denial:
    """`what` limit of `whose`, in words. `retry_after` in seconds; `renews_at` in unix seconds
    where it is a budget.
    """

    whose: str
    what: str
    limit: float
    retry_after: float
    renews_at: float | None = None


@dataclass(frozen=True, slots=True)
class Left:
    """How much of `limit` is left: `what` limit of `whose`, in words. All of it is there again in
    `full_in` seconds or, of a budget, at `renews_at`, in unix seconds.
    """

    whose: str
    what: str
    limit: float
    left: float
    full_in: float | None = None
    renews_at: float | None = None


class Account:
    """`whose` it is, in words. Costs of requests in flight count as used: `held` for budgets.

    `share`: see `Bucket`.
    """

    def __init__(self, whose: str, limits: Limits, now: float, share: float = 1.0) -> None:
        self.whose = whose
        self.limits = limits
        self.running = 0
        self.share = share
        self.slots = 0  # that this gateway was given, where several share them
        self.held = Spent()
        self.buckets: dict[Kind, Bucket] = {}
        self.budgets: list[tuple[Span, list[tuple[Unit, float]]]] = []
        self._fill(now)

    def adapt(self, limits: Limits, now: float) -> None:
        """Other limits from now on: what was used stays used."""
        if limits is not self.limits and limits != self.limits:
            self.limits = limits
            self._fill(now)

    def _fill(self, now: float) -> None:
        self.budgets = list(budgets(self.limits))
        for kind in KINDS:
            size = getattr(self.limits, kind)
            if size is None:
                self.buckets.pop(kind, None)
            elif kind in self.buckets:
                self.buckets[kind].resize(size, now)
            else:
                self.buckets[kind] = Bucket.begun(size, now, self.share)

    def denies(self, cost: Cost, spent: SpentIn, moment: Moment) -> Denial | None:
        """Why there is no room for `cost`: of several reasons, the one that lasts longest."""
        reasons = [*self._rates(cost, moment.now), *self._budgets(cost, spent, moment.at)]
        most = self.limits.parallel
        if most is not None and self.running >= self._places(most):
            reasons.append(Denial(self.whose, AT_A_TIME, most, A_SLOT))
        return max(reasons, key=lambda reason: reason.retry_after, default=None)

    def _places(self, most: int) -> int:
        """How many of `most` requests at a time may run here."""
        return most if self.share == 1.0 else max(self.slots, int(most * self.share))

    def part(self, share: float, now: float) -> None:
        """From now on, so much of what fills the buckets comes here by itself."""
        self.share = share
        for bucket in self.buckets.values():
            bucket.look(now)
            bucket.share = share

    def _rates(self, cost: Cost, now: float) -> Iterator[Denial]:
        for kind, bucket in self.buckets.items():
            if wait := bucket.wait(cost.of(kind), now):
                yield Denial(self.whose, _rate(kind), bucket.size, wait)

    def _budgets(self, cost: Cost, spent: SpentIn, at: float) -> Iterator[Denial]:
        for span, units in self.budgets:
            past = spent(span)
            for unit, most in units:
                used = past.of(unit) + self.held.of(unit)
                if used >= most or used + cost.unit(unit) > most:
                    renews = renews_at(span, at)
                    what = f"{unit} per {span}"
                    yield Denial(self.whose, what, most, renews - at, renews)

    def enter(self, cost: Cost, now: float) -> None:
        self.running += 1
        self.held.add(cost.input + cost.output, cost.money, cost.energy)
        self.take(cost, now)

    def leave(self, cost: Cost, now: float, more: Cost) -> None:
        """What was held back for it becomes what it cost, which is so much `more`."""
        self.running -= 1
        self.held.add(-cost.input - cost.output, -cost.money, -cost.energy)
        self.take(more, now)

    def take(self, cost: Cost, now: float) -> None:
        for kind, bucket in self.buckets.items():
            bucket.take(cost.of(kind), now)

    def tightest(self, kinds: tuple[Kind, ...], now: float) -> tuple[float, Bucket] | None:
        """Of `kinds`, with the share of it that is left; None where none of them is limited."""
        found = None
        for kind in kinds:
            if (bucket := self.buckets.get(kind)) is not None:
                left = bucket.known(now) / bucket.size
                if found is None or left < found[0]:
                    found = (left, bucket)
        return found

    def warnings(self, spent: SpentIn, share: float) -> Iterator[str]:
        """Budgets of which `share` is spent, in words."""
        for span, units in self.budgets:
            past = spent(span)
            for unit, most in units:
                if (used := past.of(unit)) >= share * most:
                    yield f"{self.whose}: {used / most:.0%} of its {unit} per {span}"

    def left(self, spent: SpentIn, moment: Moment) -> Iterator[Left]:
        """Of each limit, requests in flight not included."""
        for kind, bucket in self.buckets.items():
            room, wait = max(0.0, bucket.known(moment.now)), bucket.until_full(moment.now)
            yield Left(self.whose, _rate(kind), bucket.size, room, wait)
        if (most := self.limits.parallel) is not None:
            yield Left(self.whose, AT_A_TIME, most, max(0, most - self.running))
        for span, units in self.budgets:
            past, renews = spent(span), renews_at(span, moment.at)
            for unit, budget in units:
                room = max(0.0, budget - past.of(unit) - self.held.of(unit))
                yield Left(self.whose, f"{unit} per {span}", budget, room, None, renews)


def _rate(kind: Kind) -> str:
    return f"{kind.replace('_', ' ')} per minute"
