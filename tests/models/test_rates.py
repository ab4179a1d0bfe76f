"""A rate says what happened lately."""

import pytest

from models.rates import MEMORY, DecayingRate


def test_a_steady_flow_shows_as_it_is() -> None:
    rate = DecayingRate()
    for tenth in range(1000):
        rate.add(10, tenth / 10)
    assert rate.at(99.9) == pytest.approx(100, rel=0.05)


def test_nothing_for_a_while_is_a_rate_near_zero() -> None:
    rate = DecayingRate()
    rate.add(1000, 0.0)
    assert rate.at(10 * MEMORY) < 0.1
    assert rate.at(0.0) > rate.at(1.0) > rate.at(2.0)
