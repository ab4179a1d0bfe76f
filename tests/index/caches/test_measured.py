"""How often answers in other words were wrong, and what may be said of it."""

import pytest

from index.caches.measured import Measured


def test_nothing_checked_promises_nothing() -> None:
    assert Measured(asked=100, hits=50).wrong_at_most == 1
    assert not Measured(asked=100, hits=50).breaks(0.01)


def test_the_bound_is_a_share_of_all_that_were_asked() -> None:
    assert Measured(asked=1000, hits=500, checked=300).wrong_at_most == pytest.approx(
        0.00497, abs=1e-4
    )


def test_a_few_wrong_ones_among_few_checked_break_no_budget_yet() -> None:
    assert not Measured(asked=1000, hits=300, checked=15, wrong=1).breaks(0.01)
    assert Measured(asked=1000, hits=300, checked=100, wrong=20).breaks(0.01)
    assert not Measured(asked=1000, hits=300, checked=100, wrong=20).breaks(0.2)
