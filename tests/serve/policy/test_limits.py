"""Limits: as configured, under bursts, crashes and clocks that jump."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.policy.accounts import TOKENS, Cost, Denial, Moment
from serve.policy.budgets import Spent, renews_at
from serve.policy.limits import Limiter, Payer, Reservation
from serve.sections.quotas import Limits

LEASE = 600.0
NOON = 1_795_608_000.0  # 2026-11-25 12:00 UTC


def payer(name: str = "key:a", **limits: Any) -> Payer:
    return Payer(name, f"the {name}", Limits.model_validate(limits))


@dataclass
class World:
    """A limiter, and a clock."""

    limiter: Limiter = field(default_factory=lambda: Limiter(LEASE))
    now: float = 1000.0
    at: float = NOON

    @property
    def moment(self) -> Moment:
        return Moment(self.now, self.at)

    def ask(self, payers: Payer | Sequence[Payer], cost: Cost | None = None) -> Any:
        every = [payers] if isinstance(payers, Payer) else payers
        return self.limiter.reserve(every, cost or Cost(), self.moment)

    def allowed(self, payers: Payer | Sequence[Payer], cost: Cost | None = None) -> Reservation:
        made = self.ask(payers, cost)
        assert isinstance(made, Reservation), made
        return made

    def denied(self, payers: Payer | Sequence[Payer], cost: Cost | None = None) -> Denial:
        denial = self.ask(payers, cost)
        assert isinstance(denial, Denial), denial
        return denial

    def served(self, payers: Payer | Sequence[Payer], truth: Cost) -> None:
        self.limiter.settle(self.allowed(payers, truth).number, truth, self.moment)

    def pass_by(self, seconds: float) -> None:
        self.now += seconds
        self.at += seconds


@pytest.fixture
def world() -> World:
    return World()


def test_a_minutes_requests_may_come_at_once_and_then_one_by_one(world: World) -> None:
    key = payer(requests=6)
    for _ in range(6):
        world.served(key, Cost())
    denial = world.denied(key)
    assert (denial.whose, denial.what, denial.limit) == ("the key:a", "requests per minute", 6)
    assert denial.retry_after == pytest.approx(10)
    world.pass_by(denial.retry_after - 0.01)
    world.denied(key)
    world.pass_by(0.02)
    world.served(key, Cost())
    world.denied(key)


@pytest.mark.parametrize(
    ("limit", "used", "left"),
    [("input_tokens", 70, 30), ("output_tokens", 30, 70), ("tokens", 100, 0)],
)
def test_tokens_are_counted_by_their_kind(
    world: World, limit: str, used: float, left: float
) -> None:
    key = payer(**{limit: 100})
    world.served(key, Cost(1, 70, 30))
    standing = world.limiter.standing([key], TOKENS, world.now)
    assert standing is not None
    assert (standing.limit, standing.remaining) == (100, left)
    assert standing.reset == pytest.approx(used * 0.6)


def test_what_was_reserved_too_much_goes_back(world: World) -> None:
    key = payer(tokens=100)
    made = world.allowed(key, Cost(1, 50, 50))
    assert "tokens per minute" in world.denied(key, Cost(1, 1, 0)).what
    world.limiter.settle(made.number, Cost(1, 50, 10), world.moment)
    world.served(key, Cost(1, 40, 0))
    assert world.denied(key, Cost(1, 1, 0)).retry_after == pytest.approx(0.6)


def test_what_was_reserved_too_little_is_paid_later(world: World) -> None:
    key = payer(tokens=100)
    made = world.allowed(key, Cost(1, 50, 0))
    world.limiter.settle(made.number, Cost(1, 50, 150), world.moment)
    assert world.denied(key, Cost(1, 10, 0)).retry_after == pytest.approx(110 * 0.6)


def test_a_refund_leaves_everything_as_it_was(world: World) -> None:
    key = payer(requests=1, tokens=100, parallel=1, day={"tokens": 100})
    for _ in range(3):
        made = world.allowed(key, Cost(1, 60, 40))
        world.denied(key, Cost(1, 1, 1))
        world.limiter.refund(made.number, world.moment)


def test_who_asks_for_more_than_there_ever_is_waits_until_all_is_there(world: World) -> None:
    key = payer(tokens=100)
    world.served(key, Cost(1, 1000, 0))
    assert world.denied(key, Cost(1, 1000, 0)).retry_after == pytest.approx(60 * 10)


def test_only_so_many_at_a_time(world: World) -> None:
    key = payer(parallel=2)
    first, _ = world.allowed(key), world.allowed(key)
    assert world.denied(key).what == "requests at a time"
    world.limiter.settle(first.number, Cost(), world.moment)
    world.allowed(key)


def test_a_slot_whose_owner_is_gone_is_free_when_its_lease_ends(world: World) -> None:
    key = payer(parallel=1, tokens=100)
    lost = world.allowed(key, Cost(1, 100, 0))
    world.pass_by(LEASE - 1)
    world.denied(key)
    world.pass_by(1)
    made = world.allowed(key, Cost(1, 100, 0))
    world.limiter.settle(lost.number, Cost(1, 9, 9), world.moment)  # after all: too late
    world.limiter.settle(made.number, Cost(1, 9, 9), world.moment)
    assert world.limiter.books.settled == Cost(1, 9, 9)


def test_all_accounts_must_allow_it_and_all_pay(world: World) -> None:
    team = payer("group:team", requests=3)
    anna, ben = payer("key:anna", requests=2), payer("key:ben", requests=2)
    world.served([anna, team], Cost())
    world.served([anna, team], Cost())
    assert world.denied([anna, team]).whose == "the key:anna"
    world.served([ben, team], Cost())
    assert world.denied([ben, team]).whose == "the group:team"
    standing = world.limiter.standing([ben, team], ("requests",), world.now)
    assert standing is not None
    assert (standing.limit, standing.remaining) == (3, 0)


def test_who_is_denied_by_one_takes_nothing_from_another(world: World) -> None:
    team, key = payer("group:team", requests=5), payer(requests=1)
    world.served([key, team], Cost())
    for _ in range(10):
        world.denied([key, team])
    standing = world.limiter.standing([team], ("requests",), world.now)
    assert standing is not None
    assert standing.remaining == 4


def test_two_keys_with_different_limits_behave_as_configured_in_a_burst_of_both(
    world: World,
) -> None:
    slow, fast = payer("key:slow", requests=60), payer("key:fast", requests=600)
    served = {slow.account: 0, fast.account: 0}
    for _ in range(60 * 50):  # a minute of 50 requests a second from both
        for key in (slow, fast):
            made = world.ask(key)
            if isinstance(made, Reservation):
                world.limiter.settle(made.number, Cost(), world.moment)
                served[key.account] += 1
        world.pass_by(0.02)
    assert served == {slow.account: 119, fast.account: 1199}


@pytest.mark.parametrize(
    ("budget", "cost"),
    [
        ({"tokens": 100}, Cost(1, 40, 20)),
        ({"money": 1.0}, Cost(1, 0, 0, money=0.6)),
        ({"energy": 10.0}, Cost(1, 0, 0, energy=6)),
    ],
)
@pytest.mark.parametrize("span", ["day", "month"])
def test_a_budget_is_never_exceeded_and_renews(
    world: World, span: Any, budget: dict[str, float], cost: Cost
) -> None:
    key = payer(**{span: budget})
    world.served(key, cost)
    denial = world.denied(key, cost)
    assert denial.renews_at == renews_at(span, NOON)
    assert denial.retry_after == pytest.approx(denial.renews_at - NOON)
    world.at = denial.renews_at - 1
    world.denied(key, cost)
    world.at = denial.renews_at
    world.served(key, cost)


def test_what_is_in_flight_counts_for_a_budget(world: World) -> None:
    key = payer(day={"tokens": 100})
    world.allowed(key, Cost(1, 60, 0))
    world.denied(key, Cost(1, 60, 0))


def test_a_budget_warns_before_it_is_spent(world: World) -> None:
    key = payer(month={"tokens": 100})
    world.served(key, Cost(1, 79, 0))
    assert world.limiter.warnings([key], 0.8, world.moment) == []
    world.served(key, Cost(1, 1, 0))
    told = world.limiter.warnings([key], 0.8, world.moment)
    assert told == ["the key:a: 80% of its tokens per month"]


def test_what_other_gateways_spent_counts_once_it_is_known(world: World) -> None:
    key = payer(day={"tokens": 100})
    world.served(key, Cost(1, 30, 0))
    kept = world.limiter.unsaved()
    assert kept == {("key:a", "2026-11-25"): Spent(30), ("key:a", "2026-11"): Spent(30)}
    assert world.limiter.unsaved() == {}
    world.served(key, Cost(1, 10, 0))
    world.limiter.adopt({("key:a", "2026-11-25"): Spent(80)})
    world.denied(key, Cost(1, 11, 0))
    world.served(key, Cost(1, 10, 0))


def test_other_limits_hold_at_once_and_what_was_used_stays_used(world: World) -> None:
    world.served(payer(requests=10), Cost(8))
    world.denied(payer(requests=8), Cost(1))
    world.served(payer(requests=20), Cost(12))
    world.denied(payer(requests=20), Cost(1))
    world.served(payer(), Cost(1000))


def test_a_clock_that_goes_back_neither_gives_nor_locks_out(world: World) -> None:
    key = payer(requests=6)
    for _ in range(6):
        world.served(key, Cost())
    world.pass_by(-3600)
    assert world.denied(key).retry_after == pytest.approx(10)
    world.pass_by(11)
    world.served(key, Cost())
    world.denied(key)


PAYERS = [
    payer("key:a", requests=20, tokens=500, parallel=3),
    payer("key:b", input_tokens=300, output_tokens=300, day={"tokens": 2000}),
    payer("group:team", tokens=800, parallel=4, month={"money": 50.0}),
    payer("model:m", requests=30),
]
COSTS = st.builds(
    Cost, st.just(1.0), *[st.integers(0, 200).map(float)] * 2, *[st.integers(0, 5).map(float)] * 2
)
STEPS = st.one_of(
    st.tuples(st.just("ask"), st.sets(st.sampled_from(range(4)), min_size=1), COSTS),
    st.tuples(st.just("settle"), st.integers(0, 50), COSTS),
    st.tuples(st.just("refund"), st.integers(0, 50), COSTS),
    st.tuples(st.just("charge"), st.integers(0, 3), COSTS),
    st.tuples(st.just("forget"), st.integers(0, 50), COSTS),  # its owner crashed
    st.tuples(st.just("clock"), st.floats(-5000, 5000), st.floats(-1e6, 1e6)),
)


@given(st.lists(STEPS, max_size=80))
def test_everything_reserved_is_settled_refunded_or_in_flight(steps: list[Any]) -> None:
    """With random cancels, crashes, clocks that jump, and costs other than expected."""
    world, mine = World(), list[Reservation]()
    for name, one, other in steps:
        if name == "ask":
            made = world.ask([PAYERS[index] for index in sorted(one)], other)
            mine += [made] if isinstance(made, Reservation) else []
        elif name == "clock":
            world.now, world.at = max(0.0, world.now + one), world.at + other
        elif name == "charge":
            world.limiter.charge(PAYERS[one], other, world.moment)
        elif mine:
            gone = mine.pop(one % len(mine))
            if name == "settle":
                world.limiter.settle(gone.number, other, world.moment)
            elif name == "refund":
                world.limiter.refund(gone.number, world.moment)
        books, flying = world.limiter.books, world.limiter.in_flight
        left = books.reserved - books.settled - books.refunded - flying
        parts = (left.requests, left.input, left.output, left.money, left.energy)
        assert all(math.isclose(part, 0.0, abs_tol=1e-6) for part in parts)
        check_accounts(world.limiter)
    world.now += 1e6
    world.limiter.expire(world.moment)
    assert world.limiter.in_flight == Cost(0)
    assert {account.running for account in world.limiter._accounts.values()} <= {0}


def check_accounts(limiter: Limiter) -> None:
    open_ = list(limiter._open.values())
    for name, account in limiter._accounts.items():
        mine = [made for made in open_ if name in made.accounts]
        assert account.running == len(mine)
        assert account.held.tokens == pytest.approx(sum(made.cost.of("tokens") for made in mine))
        assert account.limits.parallel is None or account.running <= account.limits.parallel
        for bucket in account.buckets.values():
            assert bucket.level <= bucket.size
            assert math.isfinite(bucket.level)


@given(st.lists(st.tuples(st.floats(0, 20), st.floats(1, 150)), max_size=100))
def test_no_window_ever_has_more_than_a_minutes_share_and_one_bucket(
    steps: list[tuple[float, float]],
) -> None:
    world, key = World(), payer(tokens=100)
    used: list[tuple[float, float]] = []
    for wait, tokens in steps:
        world.pass_by(wait)
        if isinstance(made := world.ask(key, Cost(1, tokens, 0)), Reservation):
            world.limiter.settle(made.number, Cost(1, tokens, 0), world.moment)
            used.append((world.now, tokens))
    for start, (began, _) in enumerate(used):
        taken = 0.0
        for now, tokens in used[start:]:
            taken += tokens
            beyond = max(0.0, tokens - 100)  # more than the bucket: let in when that is full
            assert taken <= 100 + (now - began) * 100 / 60 + beyond + 1e-6
