"""The same requests, as they went and as they would."""

from typing import Any

import orjson

from models.engine import Usage
from serve.config import Settings
from serve.receipts.receipt_line import as_line
from serve.replay.comparison import Comparison, compared
from tests.serve.receipts.receipts_made import AT, receipt
from tests.serve.replay.past_made import TIERS, past

OLD = Settings(tiers=TIERS, routing={"quality": 0.5})


def told(number: int, **more: Any) -> dict[str, Any]:
    tier = "large" if number % 2 else "small"
    features = past(difficulty=float(number % 2), places=2).features
    made = {
        "features": features,
        "tier": tier,
        "usage": Usage(10, 5 + number),
        "ttft_ms": 30.0,
        "total_ms": 30.0 + 10 * (4 + number),
        "stream": True,
    }
    line = as_line(receipt(number, AT + number * 60, **{**made, **more}))
    return dict(orjson.loads(line))


def tried(new: Settings, *more: dict[str, Any]) -> Comparison:
    found = compared(
        [*(told(n) for n in range(10)), *more], OLD, new, lambda _: {}, lambda quality: 1 - quality
    )
    assert found is not None
    return found


def test_the_same_configuration_is_simulated_as_it_went() -> None:
    found = tried(OLD)
    assert found.now == found.then
    assert found.now.tiers == found.really.tiers == {"large": 5, "small": 5}
    assert abs(found.now.total_p50 - found.really.total_p50) < 0.01
    assert abs(found.now.ttft_p95 - found.really.ttft_p95) < 0.01


def test_another_dial_moves_tiers_and_money() -> None:
    found = tried(OLD.model_copy(update={"routing": OLD.routing.model_copy(update={"quality": 0})}))
    assert found.then.tiers == {"small": 10}
    assert found.then.cost < found.now.cost


def test_receipts_of_other_routes_are_not_requests_and_failures_are_left_out() -> None:
    listed = told(20, path="/v1/models", features=None)
    failed = told(21, usage=None, status=500, error="engine_error")
    assert (tried(OLD, listed, failed).left_out, tried(OLD, listed).left_out) == (1, 0)


def test_of_nothing_there_is_nothing_to_compare() -> None:
    assert compared([], OLD, OLD, lambda _: {}, lambda quality: quality) is None
