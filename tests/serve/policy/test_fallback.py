"""Retries stay in their budget, and a tier that fails is left alone for a while."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import (
    ContextLengthExceeded,
    EngineBusy,
    EngineError,
    EngineInterrupted,
    EngineNotLoaded,
    EngineUnavailable,
    GenerationTimeout,
    ModelRefused,
    PromptRefused,
)
from serve.policy.fallback import Attempts, Breaker, Retry, RetryBudget, blame
from serve.sections.fallback import BreakerSettings, RetrySettings

BREAKER = BreakerSettings(window=30, calls=4, failures=0.5, slow=2, rest=5, longest=20)
RETRY = RetrySettings(attempts=3, share=0.1, spare=2, backoff=0.1, longest=1.0)
BROKEN = EngineInterrupted("It broke off.")


def opened(at: float = 0.0) -> Breaker:
    breaker = Breaker(BREAKER)
    for _ in range(4):
        breaker.failed(at)
    assert breaker.state(at) == "open"
    return breaker


def test_a_few_failures_say_nothing() -> None:
    breaker = Breaker(BREAKER)
    for _ in range(3):
        breaker.failed(0.0)
    assert breaker.admits(0.0)
    assert breaker.retry_after(0.0) == 0


def test_half_of_the_calls_failing_opens_it() -> None:
    breaker = Breaker(BREAKER)
    for bad in (True, False, True, False):
        breaker.failed(0.0) if bad else breaker.succeeded(0.0, 0.1)
    assert breaker.state(0.0) == "closed"
    breaker.failed(0.0)
    assert not breaker.admits(0.0)
    assert breaker.retry_after(1.0) == 4.0


def test_slow_calls_count_as_failures() -> None:
    breaker = Breaker(BREAKER)
    for _ in range(4):
        breaker.succeeded(0.0, 2.5)
    assert breaker.state(0.0) == "open"


def test_what_is_older_than_the_window_is_forgotten() -> None:
    breaker = Breaker(BREAKER)
    for at in (0.0, 1.0, 2.0, 40.0):
        breaker.failed(at)
    assert breaker.state(40.0) == "closed"


def test_after_its_rest_one_call_probes_and_its_success_closes_it() -> None:
    breaker = opened()
    assert not breaker.admits(4.9)
    assert breaker.admits(5.0)
    assert not breaker.admits(5.0)
    breaker.succeeded(5.5, 0.1)
    assert breaker.state(5.5) == "closed"
    assert breaker.admits(5.5)


def test_a_probe_that_fails_doubles_the_rest_up_to_the_longest() -> None:
    breaker, now = opened(), 0.0
    for rest in (5, 10, 20, 20):
        assert not breaker.admits(now + rest - 0.1)
        now += rest
        assert breaker.admits(now)
        breaker.failed(now)


def test_a_probe_whose_client_left_gives_its_place_back() -> None:
    breaker = opened()
    assert breaker.admits(5.0)
    breaker.abandoned()
    assert breaker.admits(5.0)


@given(st.lists(st.tuples(st.floats(0, 10), st.sampled_from(["ok", "bad", "left", "slow"]))))
def test_a_breaker_admits_one_probe_at_a_time_and_never_stays_shut(
    calls: list[tuple[float, str]],
) -> None:
    breaker, now = Breaker(BREAKER), 0.0
    for pause, end in calls:
        now += pause
        half_open = breaker.state(now) == "half_open"
        if not breaker.admits(now):
            assert breaker.state(now) == "open"
            assert 0 < breaker.retry_after(now) <= BREAKER.longest + 1e-6
            continue
        assert not half_open or not breaker.admits(now)
        {
            "ok": lambda: breaker.succeeded(now, 0.1),  # noqa: B023
            "slow": lambda: breaker.succeeded(now, 9.0),  # noqa: B023
            "bad": lambda: breaker.failed(now),  # noqa: B023
            "left": breaker.abandoned,
        }[end]()
    assert breaker.admits(now + BREAKER.longest + 1)


def test_retries_are_a_share_of_the_requests_and_a_few_more() -> None:
    budget = RetryBudget(RETRY)
    assert [budget.take(0.0) for _ in range(3)] == [True, True, False]
    for _ in range(10):
        budget.request(1.0)
    assert [budget.take(1.0) for _ in range(2)] == [True, False]
    assert budget.take(62.0)


@given(st.lists(st.tuples(st.floats(0, 3), st.booleans()), max_size=200))
def test_no_minute_has_more_retries_than_the_budget_allows(
    events: list[tuple[float, bool]],
) -> None:
    budget, now = RetryBudget(RETRY), 0.0
    requests: list[float] = []
    retries: list[float] = []
    for pause, is_request in events:
        now += pause
        if is_request:
            budget.request(now)
            requests.append(now)
        elif budget.take(now):
            retries.append(now)
            recent = sum(at > now - 61 for at in requests)
            assert sum(at > now - 59 for at in retries) <= RETRY.spare + RETRY.share * recent


@pytest.mark.parametrize(
    ("error", "about"),
    [
        (PromptRefused("No.", "messages"), "prompt"),
        (ContextLengthExceeded("Long."), "prompt"),
        (GenerationTimeout("Late."), "deadline"),
        (EngineBusy("Full."), "busy"),
        (EngineNotLoaded("Loading."), "busy"),
        (EngineUnavailable("Dead."), "tier"),
        (EngineInterrupted("Broke."), "tier"),
        (ModelRefused("Damaged."), "tier"),
    ],
)
def test_only_what_a_tier_did_is_held_against_it(error: EngineError, about: str) -> None:
    assert blame(error) == about


def attempts(*tiers: str) -> Attempts:
    made = Attempts(RETRY, tiers, random.Random(1))
    made.began(tiers[0])
    return made


def test_the_other_tier_is_asked_at_once() -> None:
    assert attempts("large", "small").after(BROKEN, ["large", "small"]) == Retry("small", 0.0)


def test_a_tier_whose_breaker_is_open_is_not_asked() -> None:
    retry = attempts("large", "small").after(BROKEN, ["large"])
    assert retry is not None
    assert retry.tier == "large"


def test_the_same_tier_is_asked_after_a_pause_that_grows() -> None:
    made = attempts("small")
    first = made.after(BROKEN, ["small"])
    made.began("small")
    second = made.after(BROKEN, ["small"])
    assert first is not None
    assert second is not None
    assert 0 <= first.delay <= 0.1
    assert 0 <= second.delay <= 0.2


@pytest.mark.parametrize("error", [PromptRefused("No."), GenerationTimeout("Late.")])
def test_what_no_tier_could_mend_is_not_tried_again(error: EngineError) -> None:
    assert attempts("large", "small").after(error, ["large", "small"]) is None


@pytest.mark.parametrize("error", [EngineBusy("Full."), ModelRefused("Damaged.")])
def test_a_tier_that_is_full_or_has_no_model_is_not_asked_again(error: EngineError) -> None:
    assert attempts("small").after(error, ["small"]) is None
    assert attempts("large", "small").after(error, ["large", "small"]) == Retry("small", 0.0)


@given(st.integers(1, 4), st.randoms())
def test_attempts_are_bounded_however_tiers_fail(count: int, rng: random.Random) -> None:
    names = [f"tier{i}" for i in range(count)]
    made = Attempts(RETRY, names, rng)
    tier: str | None = names[0]
    while tier is not None:
        made.began(tier)
        usable = [name for name in names if rng.random() < 0.7]
        retry = made.after(BROKEN, usable)
        tier = retry.tier if retry else None
    assert len(made.made) == RETRY.attempts
