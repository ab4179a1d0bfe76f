"""What the measures say about rankings whose quality is known."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.evaluation import interval, judged, ndcg, once_each, recall, reciprocal_rank

ids = st.integers(0, 20)
rankings = st.lists(ids, unique=True, max_size=20)
graded = st.dictionaries(ids, st.integers(0, 4), min_size=1).filter(lambda g: any(g.values()))


@given(ranking=rankings, gains=graded, k=st.integers(1, 12))
def test_every_measure_is_between_0_and_1(ranking, gains, k: int) -> None:
    for value in (ndcg(ranking, gains, k), recall(ranking, gains, k)):
        assert 0 <= value <= 1 + 1e-9
    assert 0 <= reciprocal_rank(ranking, gains) <= 1


@given(gains=graded)
def test_the_best_order_has_1(gains) -> None:
    best = sorted(gains, key=gains.__getitem__, reverse=True)
    assert ndcg(best, gains) == pytest.approx(1)
    assert recall(best, gains, 10) == 1
    assert reciprocal_rank(best, gains) == 1


@given(ranking=rankings, gains=graded, place=st.integers(0, 18))
def test_a_swap_that_brings_the_better_forward_never_lowers_ndcg(ranking, gains, place) -> None:
    swapped = list(ranking)
    if place + 1 >= len(swapped):
        return
    first, second = swapped[place : place + 2]
    if gains.get(first, 0) < gains.get(second, 0):
        swapped[place : place + 2] = second, first
    assert ndcg(swapped, gains) >= ndcg(ranking, gains) - 1e-12


def test_ndcg_of_a_ranking_worked_out_by_hand() -> None:
    got = (3 + 0 + 1 / math.log2(4)) / (3 + 2 / math.log2(3) + 1 / math.log2(4))
    assert ndcg(["a", "x", "c"], {"a": 3, "b": 2, "c": 1}) == pytest.approx(got)


def test_recall_counts_what_could_be_among_the_first() -> None:
    assert recall([1, 2, 3], dict.fromkeys(range(10), 1.0), 2) == 1
    assert recall([1, 99], {1: 1, 2: 1}, 10) == 0.5


def test_the_reciprocal_rank_is_that_of_the_first_relevant() -> None:
    assert reciprocal_rank(["x", "a", "b"], {"a": 1, "b": 1}) == 0.5
    assert reciprocal_rank(["x"], {"a": 1}) == 0


def test_passages_of_one_document_count_once() -> None:
    assert once_each([3, 1, 3, 2, 1]) == [3, 1, 2]
    found = judged({"q": ["a", "a", "b"]}, {"q": {"b": 1}})
    assert found.rank == (0.5,)


def test_a_question_without_a_ranking_counts_as_a_miss() -> None:
    found = judged({"1": ["a"]}, {"1": {"a": 1}, "2": {"a": 1}, "3": {"a": 0}})
    assert found.summary() == {"ndcg@10": 0.5, "recall@10": 0.5, "mrr": 0.5}


def test_nothing_relevant_to_any_question_is_an_error() -> None:
    with pytest.raises(ValueError, match="No question"):
        judged({"1": ["a"]}, {"1": {}})


def test_the_interval_holds_the_mean_and_narrows_with_more_questions() -> None:
    few, many = [0.0, 1.0] * 5, [0.0, 1.0] * 500
    (low, high), (nearer_low, nearer_high) = interval(few), interval(many)
    assert low < nearer_low < 0.5 < nearer_high < high
