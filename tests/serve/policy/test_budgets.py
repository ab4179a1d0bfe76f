"""Days and months in UTC."""

from datetime import UTC, datetime

import pytest

from serve.policy.budgets import Span, Spent, budgets, period_of, renews_at
from serve.sections.quotas import Budget, Limits


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("span", "now", "period", "renews"),
    [
        ("day", "2026-11-26 05:00", "2026-11-26", "2026-11-27"),
        ("day", "2026-12-31 23:59:59", "2026-12-31", "2027-01-01"),
        ("day", "2026-11-26 00:00", "2026-11-26", "2026-11-27"),
        ("month", "2026-12-01 00:00", "2026-12", "2027-01-01"),
        ("month", "2026-01-31 12:00", "2026-01", "2026-02-01"),
        ("month", "2028-02-29 12:00", "2028-02", "2028-03-01"),
    ],
)
def test_a_period_has_a_name_and_an_end(span: Span, now: str, period: str, renews: str) -> None:
    assert period_of(span, at(now)) == period
    assert renews_at(span, at(now)) == at(renews)


def test_only_budgets_that_are_set_count() -> None:
    limits = Limits(day=Budget(tokens=5), month=Budget(money=2.5, energy=9))
    assert list(budgets(limits)) == [
        ("day", [("tokens", 5.0)]),
        ("month", [("money", 2.5), ("energy", 9.0)]),
    ]


def test_what_was_spent_adds_up() -> None:
    spent = Spent(1, 2, 3)
    spent.add(1, 1, -1)
    assert spent == Spent(2, 3, 2)
