"""What is known of one kept answer opens it to more questions or closes it, within the budget."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.caches.evidence import BYTES, Evidence
from index.caches.verdict import highest_share

scores = st.floats(-20, 20)


def chance(score: float, middle: float, slope: float) -> float:
    return 1 / (1 + math.exp(-slope * (score - middle)))


def seen(*cases: tuple[float, bool], times: int = 1) -> Evidence:
    evidence = Evidence()
    for score, right in cases * times:
        evidence.observe(score, right)
    return evidence


def test_while_nothing_is_known_everything_is_generated() -> None:
    assert Evidence().doubt(12.0, 0.01) > 0.9


def test_an_answer_that_was_right_often_is_given_for_what_is_nearer_still() -> None:
    evidence = seen((1.0, True), times=300)
    assert evidence.doubt(6.0, 0.02) == 0
    assert evidence.doubt(-3.0, 0.02) > 0.9


def test_a_wrong_one_closes_it_for_what_is_no_nearer() -> None:
    before, after = seen((4.0, True), times=50), seen((4.0, True), times=50)
    for _ in range(5):
        after.observe(4.0, False)
    assert after.wrong == 5
    assert after.doubt(4.0, 0.05) > before.doubt(4.0, 0.05)


@given(st.lists(st.tuples(scores, st.booleans()), max_size=40), scores, scores)
def test_doubt_is_a_chance_and_falls_with_the_score(
    cases: list[tuple[float, bool]], one: float, other: float
) -> None:
    evidence = seen(*cases)
    low, high = sorted((one, other))
    assert 0 <= evidence.doubt(high, 0.05) <= evidence.doubt(low, 0.05) <= 1


@given(st.lists(st.tuples(scores, st.booleans()), max_size=40), scores)
def test_a_smaller_budget_doubts_more(cases: list[tuple[float, bool]], score: float) -> None:
    evidence = seen(*cases)
    doubts = [evidence.doubt(score, budget) for budget in (0.01, 0.05, 0.2)]
    assert doubts == sorted(doubts, reverse=True)


@pytest.mark.parametrize("budget", [0.02, 0.1])
@settings(max_examples=6, deadline=None)
@given(middle=st.floats(-3, 6), slope=st.sampled_from([0.7, 1.5, 3.0]), seed=st.integers(0, 10**6))
def test_in_a_noisy_world_wrong_answers_stay_within_the_budget(
    budget: float, middle: float, slope: float, seed: int
) -> None:
    """Whatever the answer's own curve is: no more are wrong than chance explains, once in 1000."""
    rng, evidence, wrong, count = np.random.default_rng(seed), Evidence(), 0, 800
    for _ in range(count):
        score = rng.normal(middle + 2, 3)
        right = bool(rng.random() < chance(score, middle, slope))
        if rng.random() >= evidence.doubt(score, budget):
            wrong += not right
        else:
            evidence.observe(score, right)
    assert 1 - highest_share(count - wrong, count, 0.999) <= budget


def test_what_is_known_takes_no_more_memory_however_much_it_is() -> None:
    few, many = seen((1.0, True)), seen((1.0, True), (2.0, False), times=100)
    assert few._logs.nbytes == many._logs.nbytes < BYTES
    assert np.isfinite(many._logs).all()
