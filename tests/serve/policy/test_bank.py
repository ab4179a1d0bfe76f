"""Three gateways and one bank, against one limiter that sees everything."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from serve.policy.accounts import Cost, Denial, Moment
from serve.policy.bank import LEASE, SLICE, Bank, Purses
from serve.policy.limits import Limiter, Payer, Reservation
from serve.sections.quotas import Limits

GATEWAYS = 3
STEP = 0.01  # seconds


class Gateway:
    """As `serve.limits.limiting` does it, without the waiting; `bank` None: it is gone."""

    def __init__(self, name: str, bank: Bank | None) -> None:
        self.name, self.bank = name, bank
        self.limiter = Limiter(600.0, share=0.0)
        self.purses = Purses(self.limiter, GATEWAYS)
        self.hops = 0

    def ask(self, payers: Sequence[Payer], cost: Cost, now: float) -> Reservation | None:
        moment = Moment(now, now)
        made = self.limiter.reserve(payers, cost, moment)
        if isinstance(made, Denial):
            self.draw(payers, cost, now)
            made = self.limiter.reserve(payers, cost, moment)
        if isinstance(made, Denial):
            return None
        self.purses.use(payers, cost)
        return made

    def draw(self, payers: Sequence[Payer], cost: Cost, now: float) -> None:
        self.hops += 1
        self.limiter.part(0.0 if self.bank else 1 / GATEWAYS, now)
        if self.bank:
            wants = self.purses.wants(payers, cost, now)
            if self.purses.dry(wants, now) is None:
                self.purses.take(wants, self.bank.draw(self.name, wants, now), now)

    def settle(self, made: Reservation, truth: Cost, now: float) -> None:
        self.limiter.settle(made.number, truth, Moment(now, now))

    def tick(self, now: float) -> None:
        if self.bank:
            self.bank.give_back(self.name, self.purses.returns(now), now)


class City:
    """Three gateways whose clock goes in small steps."""

    def __init__(self) -> None:
        self.bank = Bank()
        self.gateways = [Gateway(f"g{n}", self.bank) for n in range(GATEWAYS)]
        self.now = 1000.0
        self._ticked = self.now

    def pass_by(self, seconds: float) -> None:
        self.now += seconds
        if self.now - self._ticked >= SLICE:
            self._ticked = self.now
            for gateway in self.gateways:
                gateway.tick(self.now)


def payer(name: str = "key:a", **limits: Any) -> Payer:
    return Payer(name, name, Limits.model_validate(limits))


def truth_of(rng: random.Random, cost: Cost) -> Cost:
    """A tenth fails, the rest costs less than was thought, or more."""
    share = rng.uniform(0.2, 1.3)
    return Cost(0) if rng.random() < 0.1 else Cost(1, cost.input, cost.output * share)


Choose = Callable[[random.Random, float], int]


def evenly(rng: random.Random, now: float) -> int:
    return rng.randrange(GATEWAYS)


def mostly_one(rng: random.Random, now: float) -> int:
    return 0 if rng.random() < 0.9 else rng.randrange(GATEWAYS)


def in_turns(rng: random.Random, now: float) -> int:
    """All at one, a few seconds later all at the next."""
    return int(now / 3) % GATEWAYS


@pytest.mark.parametrize("choose", [evenly, mostly_one, in_turns])
@pytest.mark.parametrize(
    ("limits", "rate"),
    [
        ({"requests": 60}, 3.0),
        ({"requests": 600}, 30.0),
        ({"requests": 6000}, 300.0),
        ({"tokens": 30_000}, 10.0),
        ({"tokens": 300_000, "requests": 2000}, 100.0),
    ],
)
def test_what_three_let_in_is_what_one_would_have_within_five_percent(
    limits: dict[str, int], rate: float, choose: Choose
) -> None:
    rng, city, exact = random.Random(7), City(), Limiter(600.0)
    key = payer(**limits)
    let_in: Counter[str] = Counter()
    used = {"shared": 0.0, "exact": 0.0}
    for _ in range(round((120 if rate < 100 else 40) / STEP)):
        for _ in range(_arrivals(rng, rate)):
            cost = Cost(1, rng.randrange(50, 200), rng.randrange(50, 300))
            truth = truth_of(rng, cost)
            gateway = city.gateways[choose(rng, city.now)]
            if made := gateway.ask([key], cost, city.now):
                gateway.settle(made, truth, city.now)
                let_in["shared"] += 1
                used["shared"] += truth.input + truth.output
            moment = Moment(city.now, city.now)
            if isinstance(one := exact.reserve([key], cost, moment), Reservation):
                exact.settle(one.number, truth, moment)
                let_in["exact"] += 1
                used["exact"] += truth.input + truth.output
        city.pass_by(STEP)
    assert let_in["exact"] > 100
    assert abs(let_in["shared"] / let_in["exact"] - 1) <= 0.05
    assert abs(used["shared"] / used["exact"] - 1) <= 0.05


def _arrivals(rng: random.Random, rate: float) -> int:
    """Of a Poisson process in one step."""
    count, at = 0, rng.expovariate(rate)
    while at < STEP:
        count += 1
        at += rng.expovariate(rate)
    return count


def test_a_burst_at_all_of_them_gets_exactly_what_there_is() -> None:
    city, key = City(), payer(requests=20)
    asked = [city.gateways[n % GATEWAYS].ask([key], Cost(), city.now) for n in range(60)]
    assert sum(made is not None for made in asked) == 20


def test_most_requests_of_a_busy_key_ask_nobody() -> None:
    rng, city, key = random.Random(7), City(), payer(requests=12_000)
    count = 0
    for _ in range(round(20 / STEP)):
        for _ in range(_arrivals(rng, 150.0)):
            count += 1
            assert city.gateways[evenly(rng, 0)].ask([key], Cost(), city.now)
        city.pass_by(STEP)
    assert sum(gateway.hops for gateway in city.gateways) < 0.1 * count


def test_requests_at_a_time_are_counted_over_all_and_given_back() -> None:
    city, key = City(), payer(parallel=4)
    running: list[tuple[Gateway, Reservation]] = []
    for n in range(12):
        gateway = city.gateways[n % GATEWAYS]
        if made := gateway.ask([key], Cost(), city.now):
            running.append((gateway, made))
    assert len(running) == 4
    for _ in range(100):  # longer than a lease: they are still there
        city.pass_by(SLICE)
    assert city.gateways[2].ask([key], Cost(), city.now) is None
    gateway, made = running.pop()
    gateway.settle(made, Cost(), city.now)
    city.pass_by(SLICE)
    assert city.gateways[2].ask([key], Cost(), city.now) is not None


def test_the_places_of_a_gateway_that_is_gone_are_free_after_its_lease() -> None:
    city, key = City(), payer(parallel=2)
    gone = city.gateways.pop(0)
    assert all(gone.ask([key], Cost(), city.now) for _ in range(2))
    assert city.gateways[0].ask([key], Cost(), city.now) is None
    city.pass_by(LEASE + 0.1)
    assert city.gateways[0].ask([key], Cost(), city.now) is not None


def test_without_the_bank_all_together_never_get_more_than_the_limit() -> None:
    city, key = City(), payer(requests=600)
    for gateway in city.gateways:
        gateway.bank = None
    count = 0
    for n in range(round(60 / STEP)):
        count += city.gateways[n % GATEWAYS].ask([key], Cost(), city.now) is not None
        city.pass_by(STEP)
    assert 570 <= count <= 600


def test_other_limits_hold_for_all_of_them_at_once() -> None:
    city = City()
    first, second = city.gateways[:2]
    assert all(first.ask([payer(requests=5)], Cost(), city.now) for _ in range(5))
    assert second.ask([payer(requests=5)], Cost(), city.now) is None
    more = [second.ask([payer(requests=8)], Cost(), city.now) for _ in range(8)]
    assert sum(made is not None for made in more) == 3
