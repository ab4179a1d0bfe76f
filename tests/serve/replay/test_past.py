"""Receipts, read for a replay."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from models.engine import Usage
from serve.receipts.receipt_line import as_line
from serve.replay.past import Past, filled, past_of
from tests.serve.receipts.receipts_made import AT, receipt
from tests.serve.replay.past_made import FEATURES, past


def read(**more: Any) -> Past | None:
    made = {"features": FEATURES, "ttft_ms": 100.0, "total_ms": 500.0, "queue_ms": 50.0, **more}
    return past_of(orjson.loads(as_line(receipt(**made))))


def test_a_receipt_is_read_as_what_it_was() -> None:
    found = read()
    assert found is not None
    assert (found.at, found.key, found.features) == (AT, "anna", FEATURES)
    assert (found.usage, found.queue, found.usual) == (Usage(10, 5, 4), 0.05, True)
    assert (found.really.tier, found.really.ttft, found.really.total) == ("small", 0.1, 0.5)
    assert (found.really.cost, found.really.energy) == (0.25, 0.5)


@pytest.mark.parametrize(
    ("error", "status", "refusal"),
    [
        ("rate_limit_exceeded", 429, "limit"),
        ("insufficient_quota", 429, "limit"),
        ("overloaded", 429, "admission"),
        ("deadline_exceeded", 503, "admission"),
    ],
)
def test_refusals_are_told_apart(error: str, status: int, refusal: str) -> None:
    found = read(error=error, status=status, usage=None, ttft_ms=None, tier="small")
    assert found is not None
    assert (found.really.refusal, found.really.tier, found.usage) == (refusal, None, None)


@pytest.mark.parametrize(
    "more",
    [
        {"features": None},
        {"usage": None, "error": "engine_error", "status": 500},
        {"usage": None, "error": "deadline_exceeded", "status": 504},
        {"total_ms": None},
    ],
)
def test_what_tells_too_little_is_left_out(more: dict[str, Any]) -> None:
    assert read(**more) is None


def test_who_was_refused_gets_the_usual_length_but_no_more_than_was_asked_for() -> None:
    known = [past(float(n), prompt=25, output=20) for n in range(3)]
    asked = [replace(past(3.0 + n, max_tokens=n * 15, size=400), usage=None) for n in (1, 2)]
    assert [each.truth for each in filled([*asked, *known])][3:] == [Usage(100, 15), Usage(100, 20)]


def test_the_guess_is_that_of_who_asked_the_same() -> None:
    pasts = [past(0.0, "aa", difficulty=None), past(1.0, "aa", difficulty=0.3, familiar=False)]
    assert [p.features.difficulty for p in filled(pasts)] == [0.3, 0.3]
    assert not filled(pasts)[0].features.familiar
