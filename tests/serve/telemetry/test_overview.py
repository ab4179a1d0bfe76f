"""What tiles and plots show, from receipts: counts, causes and quantiles, by point and in all."""

from typing import Any

import pytest

from serve.receipts.short import Short
from serve.telemetry.overview import POINTS, Frame, frame_of, points, together

NOW = 1_800_000_030.0
PLAIN = Short(
    id="req_0",
    cause=None,
    at=NOW,
    key="anna",
    tenant="house",
    model="echo",
    tier="small",
    route="/v1/chat/completions",
    status=200,
    cache="miss",
    queue=10.0,
    ttft=200.0,
    total=1000.0,
    input=10,
    cached=4,
    output=5,
    cost=0.25,
    energy=0.5,
    stream=1,
    pace=50.0,
    error=None,
)


def seen(**more: Any) -> Short:
    return PLAIN._replace(**more)


@pytest.mark.parametrize("minutes", [1, 9, 10, 11, 60, 61, 1440, 10_080, 43_200, 44_640])
def test_a_frame_has_few_points_at_whole_steps_and_ends_with_now(minutes: int) -> None:
    frame = frame_of(minutes, NOW)
    assert 1 <= frame.many <= POINTS
    assert frame.since % frame.step == 0
    assert frame.since + frame.length - frame.step < NOW <= frame.since + frame.length
    assert minutes * 60 <= frame.length <= minutes * 60 + frame.step
    assert frame.before.since == frame.since - frame.length


def test_each_receipt_counts_for_its_point_and_for_all() -> None:
    frame = Frame(NOW - 90, 60.0, 2, NOW)
    rows = [
        seen(at=NOW - 80),
        seen(at=NOW - 70, ttft=400.0, pace=20.0, queue=30.0, tier="large"),
        seen(at=NOW - 20, cache="hit", ttft=1.0, pace=None, cost=0.0, energy=0.0),
        seen(
            at=NOW - 10, status=502, error="engine_error", cause="BrokenPipe", ttft=None, output=0
        ),
    ]
    first, last = points(rows, frame)
    assert (first["at"], first["seconds"]) == (NOW - 90, 60.0)
    assert (last["at"], last["seconds"]) == (NOW - 30, 30.0)
    assert (first["requests"], first["failed"]) == (2, 0)
    assert (first["ttft_p50"], first["ttft_p95"]) == (0.4, 0.4)
    assert (first["itl_p50"], first["itl_p95"], first["queue_p95"]) == (0.05, 0.05, 0.03)
    assert first["tiers"] == {"small": 1, "large": 1}
    assert (first["output_tokens"], first["output_tokens_per_second"]) == (10, 10 / 60)
    assert (last["requests"], last["failed"], last["errors"]) == (2, 1, {"BrokenPipe": 1})
    assert (last["output_tokens"], last["queue_p95"]) == (0, None)
    both = together(rows, frame)
    assert (both["requests"], both["cache"]) == (4, {"miss": 3, "hit": 1})
    assert (both["cost"], both["energy"]) == (0.75, 1.5)
    assert both["output_tokens_per_second"] == 10 / 90


def test_a_sample_stands_for_all() -> None:
    frame = Frame(NOW - 60, 60.0, 1, NOW)
    found = together([seen(), seen(status=429, cause="Overloaded", error="overloaded")], frame, 3)
    assert (found["requests"], found["refused"], found["refusals"]) == (6, 3, {"Overloaded": 3})
    assert (found["ttft_p50"], found["output_tokens"]) == (0.2, 30)


def test_when_nothing_was_asked_there_are_zeros_and_no_times() -> None:
    found = together([], Frame(NOW - 60, 60.0, 1, NOW))
    assert (found["requests"], found["output_tokens_per_second"], found["errors"]) == (0, 0.0, {})
    assert (found["ttft_p50"], found["itl_p95"], found["queue_p95"]) == (None, None, None)
