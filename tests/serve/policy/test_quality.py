"""Scores of one answer, and when answers have become worse: by exact small-sample statistics."""

import itertools
import math
import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serve.policy.quality import (
    LEVEL,
    Passed,
    Sets,
    Trend,
    chance,
    compared,
    has_form,
    is_exactly,
    missing,
    verdict,
)

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


@pytest.mark.parametrize("answer", ["14 weeks", " 14\n weeks. ", "“14 Weeks”", "14 weeks [1]."])
def test_an_answer_is_exact_whatever_its_case_spaces_stops_and_marks(answer: str) -> None:
    assert is_exactly(answer, "14 weeks")
    assert not is_exactly(answer, "14 days")


def test_what_is_missing_is_told() -> None:
    assert missing("It lasts  14 Weeks.", ["14 weeks", "LASTS"]) == []
    assert missing("It lasts 12 weeks", ["14 weeks", "lasts"]) == ["14 weeks"]


@pytest.mark.parametrize(
    ("answer", "fits"),
    [
        ('{"city": "Paris"}', True),
        ('```json\n{"city": "Paris"}\n```', True),
        ('{"city": 1}', False),
        ("Paris", False),
        ("", False),
    ],
)
def test_an_answer_has_the_form_of_a_schema_or_not(answer: str, fits: bool) -> None:
    assert has_form(answer, CITY) == fits


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ('{"correct": "yes"}', True),
        ('{"correct": "no"}', False),
        ('{"correct": "perhaps"}', None),
        ('{"correct": ["yes"]}', None),
        ('["yes"]', None),
        ("yes", None),
    ],
)
def test_a_judge_says_yes_or_no_or_nothing(said: str, told: bool | None) -> None:
    assert verdict(said) is told


def run(*passed: bool | int) -> Passed:
    return {str(place): bool(good) for place, good in enumerate(passed)}


RUNS = st.integers(1, 6).flatmap(
    lambda n: st.lists(st.lists(st.booleans(), min_size=n, max_size=n), min_size=2, max_size=4)
)


@given(RUNS)
def test_a_chance_is_one_and_it_is_1_for_a_run_without_fault(runs: list[list[bool]]) -> None:
    last, *earlier = [run(*each) for each in runs]
    assert 0 < chance(last, earlier) <= 1
    assert chance(dict.fromkeys(last, True), earlier) == pytest.approx(1)


@given(RUNS, st.randoms())
def test_the_order_of_questions_and_of_earlier_runs_means_nothing(
    runs: list[list[bool]], rng: random.Random
) -> None:
    last, *earlier = [run(*each) for each in runs]
    names = list(last)
    rng.shuffle(names)
    mixed = [{name: each[name] for name in names} for each in earlier]
    rng.shuffle(mixed)
    assert chance({name: last[name] for name in names}, mixed) == pytest.approx(
        chance(last, earlier)
    )


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=20))
def test_with_one_earlier_run_it_is_the_exact_test_of_mcnemar(
    pairs: list[tuple[bool, bool]],
) -> None:
    last, before = run(*(one for one, _ in pairs)), run(*(other for _, other in pairs))
    differ = [one for one, other in pairs if one != other]
    ways = sum(math.comb(len(differ), count) for count in range(sum(differ) + 1))
    assert chance(last, [before]) == pytest.approx(ways / 2 ** len(differ))


@settings(max_examples=60)
@given(
    st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=1, max_size=5),
    st.floats(0, 1),
)
def test_it_is_sound_whichever_run_was_the_last(table: list[list[bool]], level: float) -> None:
    """Of all orders in which the same outcomes may have come, no more than the level are drops."""
    small = total = 0
    for lasts in itertools.product(range(3), repeat=len(table)):
        last = run(*(row[at] for row, at in zip(table, lasts, strict=True)))
        rest = [[row[i] for i in range(3) if i != at] for row, at in zip(table, lasts, strict=True)]
        p_value = chance(last, [run(*column) for column in zip(*rest, strict=True)])
        small += p_value <= level - 1e-12
        total += 1
    assert small <= level * total + 1e-9


@given(RUNS)
def test_questions_that_were_never_asked_before_say_nothing(runs: list[list[bool]]) -> None:
    last, *earlier = [run(*each) for each in runs]
    more = {**last, "new": False, "newer": True}
    assert chance(more, earlier) == pytest.approx(chance(last, earlier))


def trends(history: Sequence[Sets]) -> dict[str, Trend]:
    """Of the last of these runs, each compared with those before."""
    found = dict[str, Trend]()
    good = dict[str, list[Passed]]()
    for each in history:
        found = compared(each, good)
        for name, trend in found.items():
            if not trend.dropped:
                good.setdefault(name, []).append(each[name])
    return found


def dropped(history: Sequence[Passed]) -> bool:
    return trends([{"all": each} for each in history])["all"].dropped


def test_a_drop_is_seen_after_few_runs_and_lasts_until_answers_are_good_again() -> None:
    good, bad = run(*[1] * 10), run(*[1] * 6, *[0] * 4)
    assert not dropped([bad])
    assert not dropped([good] * 6)
    history = [good] * 6 + [bad]
    assert dropped(history)
    assert dropped(history + [bad] * 30)
    assert not dropped([*history, bad, good])


def test_one_failure_of_many_questions_is_no_drop_but_seven_at_the_second_run_are() -> None:
    good = run(*[1] * 20)
    assert not dropped([good] * 20 + [run(0, *[1] * 19)])
    assert not dropped([good, run(*[0] * 6, *[1] * 14)])
    assert dropped([good, run(*[0] * 7, *[1] * 13)])


def test_chance_alone_is_seldom_a_drop() -> None:
    """Answers that pass by luck, now and then."""
    rng = random.Random(7)
    alarms = 0
    for _ in range(200):
        shares = [rng.random() for _ in range(12)]
        history = [run(*(rng.random() < share for share in shares)) for _ in range(6)]
        alarms += dropped(history)
    assert alarms <= 200 * LEVEL * 3


def test_each_of_many_sets_must_be_surer() -> None:
    good, bad = run(*[1] * 10), run(*[0] * 7, *[1] * 3)
    others = {f"set{place}": good for place in range(9)}
    assert trends([{"all": good}, {"all": bad}])["all"].dropped
    both = trends([{"all": good, **others}, {"all": bad, **others}])
    assert both["all"].chance == pytest.approx(1 / 128)
    assert not any(trend.dropped for trend in both.values())


def test_shares_are_of_the_same_questions() -> None:
    trend = trends([{"all": run(1, 1, 1)}, {"all": run(1, 0)}])["all"]
    assert (trend.share, trend.before) == (0.5, 1.0)
    assert trends([{"all": run(1)}])["all"].before is None
    assert trends([]) == {}
