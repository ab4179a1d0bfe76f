"""Figures from samples whose truth is known."""

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.bench.measures import (
    Objective,
    Point,
    Window,
    knee,
    medians,
    outcome,
    percentiles,
    ratios,
)
from serve.bench.sample import Sample

WINDOW = Window(0.0, 10.0)


def sample(sent: float, *texts: float, error: str | None = None, status: int = 200) -> Sample:
    ended = texts[-1] if texts else sent
    return Sample(sent, ended, status, array("d", texts), 5, len(texts), error)


def test_latencies_are_those_that_a_reader_sees() -> None:
    figures = outcome([sample(1.0, 1.5, 1.7, 2.1)], WINDOW, None).figures
    assert figures["ttft_p50"] == pytest.approx(0.5)
    assert figures["itl_p50"] == pytest.approx(0.3)
    assert figures["tpot_p50"] == pytest.approx(0.3)
    assert figures["e2e_p50"] == pytest.approx(1.1)


def test_rates_count_the_part_of_an_answer_that_came_inside() -> None:
    figures = outcome([sample(8.0, 9.0, 9.5, 10.5, 11.0)], WINDOW, None).figures
    assert figures["output_tokens_per_s"] == pytest.approx(0.2)
    assert figures["requests_per_s"] == pytest.approx(0.05)


def test_what_ended_in_the_warm_up_does_not_count() -> None:
    assert outcome([sample(-2.0, -1.0)], WINDOW, None).figures["requests"] == 0


def test_failures_are_counted_by_word_and_have_no_latency() -> None:
    refused = sample(1.0, error="overloaded", status=429)
    found = outcome([refused, refused, sample(1.0, 2.0)], WINDOW, None)
    assert found.failures == {"overloaded": 2}
    assert found.figures["ttft_p50"] == pytest.approx(1.0)
    assert "refusal_p99" in found.figures


@pytest.mark.parametrize(("ttft", "met"), [(1.1, 1.0), (0.9, 0.0)])
def test_goodput_is_what_met_the_objective(ttft: float, met: float) -> None:
    figures = outcome([sample(1.0, 2.0)], WINDOW, Objective(ttft=ttft)).figures
    assert figures["attainment"] == met
    assert figures["goodput_requests_per_s"] == pytest.approx(met / 10)


def test_an_answer_that_failed_never_meets_an_objective() -> None:
    assert not Objective().is_met(sample(1.0, 2.0, error="timeout"))
    assert Objective().is_met(sample(1.0, 2.0))


def test_the_knee_is_where_a_doubled_load_brings_nothing() -> None:
    points = [Point(1, 10), Point(2, 20), Point(4, 38), Point(8, 39)]
    found = knee(points)
    assert found is not None
    assert found.load == 4


def test_the_knee_is_where_the_objective_is_missed_if_that_comes_first() -> None:
    found = knee([Point(1, 10, 1.0), Point(2, 20, 0.5), Point(4, 40, 0.1)])
    assert found is not None
    assert found.load == 1


def test_throughput_that_grows_on_shows_no_knee() -> None:
    assert knee([Point(1, 10), Point(2, 19), Point(4, 36)]) is None


@given(st.lists(st.floats(0, 1e6), min_size=1))
def test_percentiles_are_in_order_and_inside(values: list[float]) -> None:
    p50, p90, p99 = percentiles("x", values).values()
    slack = 1e-9 * max(values)
    assert min(values) - slack <= p50 <= p90 + slack
    assert p90 <= p99 + slack
    assert p99 <= max(values) + slack


def test_medians_are_over_the_rounds_that_have_the_figure() -> None:
    assert medians([{"a": 1, "b": 5}, {"a": 3}, {"a": 2}]) == {"a": 2, "b": 5}


def test_ratios_are_of_what_both_have() -> None:
    assert ratios({"a": 4, "b": 1}, {"a": 2, "c": 1}) == {"a": 2}
