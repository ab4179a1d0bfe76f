"""Replayed requests meet the policies as they are, on a clock of their own."""

from dataclasses import replace
from typing import Any

import pytest

from serve.policy.limits import Payer
from serve.replay.gate import Caller
from serve.replay.line import UnknownSpeed
from serve.replay.past import Outcome, Past
from serve.replay.simulation import World, simulated
from serve.replay.summary import Summary, summary
from serve.sections.quotas import Limits
from tests.serve.replay.past_made import TIERS, day, past, world

SEEDS = range(8)
UNCACHED = {"enabled": False}


def tried(pasts: list[Past], **options: Any) -> Summary:
    return summary(simulated(pasts, world(**options)))


def limited(requests: int) -> World:
    limits = Limits(requests=requests)
    callers = {key: Caller((Payer(key, key, limits),)) for key in ("anna", "bert")}
    return world(callers=callers, places=1000)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_same_settings_make_no_difference(seed: int) -> None:
    pasts, options = day(seed), {"places": 1, "quotas": {"models": {"sage": {"requests": 20}}}}
    assert simulated(pasts, world(**options)) == simulated(pasts, world(**options))


@pytest.mark.parametrize("seed", SEEDS)
def test_each_request_has_one_end_and_waits_are_not_negative(seed: int) -> None:
    pasts = day(seed, seconds=60)
    found = simulated(pasts, world(places=2, admission={"waiting": 4, "patience": 2}))
    assert len(found) == len(pasts)
    assert all((each.tier is None) == (each.refusal is not None) for each in found)
    assert all(0 <= each.ttft <= each.total for each in found)
    assert {each.refusal for each in found} == {None, "admission"}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_lower_ttl_never_gives_more_hits(seed: int) -> None:
    """With room for everybody; else who waits longer for an answer meets more company."""
    hits = [tried(day(seed), places=1000, cache={"ttl": ttl}).again for ttl in (5, 20, 60, 600)]
    assert hits == sorted(hits)
    assert hits[0] < hits[-1]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_higher_temperature_never_gives_fewer_hits(seed: int) -> None:
    hits = [
        tried(day(seed), places=1000, cache={"temperature": most, "ttl": 600}).again
        for most in (0.0, 0.3, 1.0)
    ]
    assert hits[0] == hits[1] < hits[2]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_tighter_limit_never_refuses_fewer(seed: int) -> None:
    refused = [summary(simulated(day(seed), limited(n))).by_limit for n in (1, 3, 9, 1000)]
    assert refused == sorted(refused, reverse=True)
    assert refused[0] > refused[-1] == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_more_places_never_refuse_more(seed: int) -> None:
    few, many = (
        tried(day(seed, seconds=60), places=n, cache=UNCACHED, admission={"patience": 1})
        for n in (1, 64)
    )
    assert few.by_admission > many.by_admission == 0
    assert few.total_p95 > many.total_p95


def test_the_dial_moves_requests_between_the_tiers() -> None:
    pasts = [past(n * 10.0, difficulty=n / 10) for n in range(10)]
    shares = [tried(pasts, routing={"quality": q}).tiers.get("large", 0) for q in (0, 0.35, 1)]
    assert shares == [0, 3, 10]


def test_an_unknown_difficulty_counts_as_hard() -> None:
    (found,) = simulated([past(difficulty=None)], world())
    assert found.tier == "large"


def test_a_conversation_stays_with_its_tier() -> None:
    first = past(0.0, difficulty=1.0)
    again = past(10.0, difficulty=0.0)
    again = replace(again, features=replace(again.features, going_on=True, conversation="0.0"))
    assert [each.tier for each in simulated([first, again], world())] == ["large", "large"]


def test_who_asks_the_same_meanwhile_gets_the_same_answer() -> None:
    leader, joined, later, other = simulated(
        [past(0.0, "aa"), past(0.1, "aa"), past(9.0, "aa"), past(9.0, "bb")], world()
    )
    assert [each.again for each in (leader, joined, later, other)] == [False, True, True, False]
    assert joined.total == pytest.approx(leader.total - 0.1)
    assert (later.total, later.cost) == (0.0, 0.0)


def test_who_waited_for_an_answer_that_does_not_come_makes_it() -> None:
    """The first waits for a place longer than it may."""
    busy = past(0.0, "aa", output=500)
    pasts = [busy, past(0.1, "bb"), past(3.9, "bb")]
    names = {"wanted": "echo"}
    pasts = [replace(p, features=replace(p.features, **names)) for p in pasts]
    _, leader, follower = simulated(pasts, world(places=1, admission={"patience": 2}))
    assert leader == Outcome(refusal="admission")
    assert follower.refusal is None
    assert follower.total > 1.0


def test_times_are_those_of_the_tokens() -> None:
    streamed, whole = simulated([past(0.0), past(5.0, stream=False)], world())
    assert streamed.ttft == pytest.approx(0.1 + 25 * 0.001 + 0.01)
    assert streamed.total == pytest.approx(0.1 + 25 * 0.001 + 20 * 0.01)
    assert whole.ttft == whole.total == pytest.approx(streamed.total)


def test_money_is_by_the_prices_of_the_settings() -> None:
    free = {**TIERS, "large": {"engine": "scripted", "model": "sage"}}
    pasts = [past(n * 5.0, difficulty=1.0) for n in range(3)]
    assert tried(pasts).cost == 3 * 20 * 10
    assert tried(pasts, tiers=free).cost == 0


def test_a_key_that_may_use_one_model_goes_there() -> None:
    callers = {"anna": Caller((), ("echo",))}
    assert simulated([past(difficulty=1.0)], world(callers=callers))[0].tier == "small"


def test_a_model_with_a_limit_leaves_auto_to_the_other() -> None:
    quotas = {"models": {"sage": {"requests": 1}}}
    pasts = [past(float(n), difficulty=1.0) for n in range(3)]
    assert [each.tier for each in simulated(pasts, world(quotas=quotas))] == [
        "large",
        "small",
        "small",
    ]


def test_a_model_that_is_gone_is_told() -> None:
    (found,) = simulated([past(wanted="nobody")], world())
    assert found.refusal == "model"


def test_a_tier_that_answered_nothing_is_named_only_when_it_is_asked() -> None:
    rates = {"small": world().rates["small"]}
    assert simulated([past(difficulty=0.0)], world(rates=rates))[0].tier == "small"
    with pytest.raises(UnknownSpeed, match="large"):
        simulated([past(difficulty=1.0)], world(rates=rates))
