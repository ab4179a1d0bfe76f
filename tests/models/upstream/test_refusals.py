"""When to come back, as servers say it."""

import pytest

from models.upstream.refusals import retry_after

NOON = 1_784_030_400.0  # Tue, 14 Jul 2026 12:00:00 GMT


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        ("999999", 600.0),
        ("Tue, 14 Jul 2026 12:00:30 GMT", 30.0),
        ("Tue, 14 Jul 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("", None),
        ("7 s", None),
    ],
)
def test_retry_after_is_a_number_or_a_date(value: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": value}, NOON) == seconds


def test_no_header_says_nothing() -> None:
    assert retry_after({}, NOON) is None
