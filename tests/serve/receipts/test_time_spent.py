"""Every moment of a request is told once, and what it was spent on."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.engine import Usage
from serve.receipt import Attempt, Forecast, Step
from serve.receipts.receipt_line import as_line
from serve.receipts.time_spent import PARTS, Spent, time_spent
from tests.serve.receipts.receipts_made import receipt

MS = st.floats(0, 1e5)
STEPS = st.lists(
    st.builds(
        Step,
        st.sampled_from(["authenticate", "read", "retrieve", "cache", "similar", "route", "x"]),
        st.just("ok"),
        MS,
        MS,
    ),
    max_size=8,
)
ATTEMPTS = st.lists(
    st.builds(
        Attempt,
        st.just("small"),
        MS,
        st.none() | st.just("EngineInterrupted"),
        MS,
        st.none() | st.just("MemoryError"),
        MS,
        MS,
        st.none() | st.just("asleep"),
        st.none() | MS,
    ),
    max_size=5,
)


def told(**more: Any) -> dict[str, Any]:
    return dict(orjson.loads(as_line(receipt(**more))))


def seconds(spent: list[Spent]) -> dict[str, float]:
    return {each.part: each.seconds for each in spent}


def whys(spent: list[Spent]) -> dict[str, str | None]:
    return {each.part: each.why for each in spent}


ANY = st.fixed_dictionaries(
    {
        "total_ms": st.none() | MS,
        "steps": STEPS,
        "attempts": ATTEMPTS,
        "ttft_ms": st.none() | MS,
        "cache": st.sampled_from(["joined", "miss", None]),
        "stream": st.booleans(),
    }
)


@given(ANY)
def test_parts_are_never_negative_and_sum_to_the_whole(fields: dict[str, Any]) -> None:
    one = told(**fields)
    total, spent = one["total_ms"] or 0.0, time_spent(one)
    assert all(each.seconds >= 0 and 0 <= each.share <= 1 for each in spent)
    assert sum(each.seconds for each in spent) == pytest.approx(total / 1000, abs=1e-4)
    assert sum(each.share for each in spent) == pytest.approx(1 if total else 0, abs=1e-4)
    assert len({each.part for each in spent}) == len(spent)
    assert {each.part for each in spent} <= set(PARTS)


def test_a_stream_that_waited_for_a_place_and_a_model() -> None:
    one = told(
        stream=True,
        total_ms=10_000.0,
        expected_wait_ms=2000.0,
        queue_ms=2000.0,
        usage=Usage(100, 50, 10),
        forecast=[Forecast(20, 50)],
        steps=[Step("read", "ok", 500.0, 0.0), Step("generate", "ok", 9000.0, 1000.0)],
        attempts=[
            Attempt(
                "large", 9000.0, at=1000.0, queue=2000.0, load=3000.0, was="asleep", first=6000.0
            )
        ],
    )
    spent = time_spent(one)
    assert [each.part for each in spent] == ["receive", "queue", "load", "read", "write", "other"]
    assert seconds(spent) == {
        "receive": 0.5,
        "queue": 2.0,
        "load": 3.0,
        "read": 1.0,
        "write": 3.0,
        "other": 0.5,
    }
    assert whys(spent) == {
        "receive": None,
        "queue": "busy",
        "load": "asleep",
        "read": "prompt",
        "write": "longer_than_expected",
        "other": None,
    }


def test_a_try_that_failed_is_told_with_its_first_cause_and_the_pause_after_it() -> None:
    failed = Attempt("large", 1000.0, "EngineInterrupted", 0.0, "MemoryError")
    spent = time_spent(
        told(total_ms=4000.0, attempts=[failed, Attempt("small", 2500.0, at=1500.0)])
    )
    assert seconds(spent) == {"failed": 1.0, "pause": 0.5, "generate": 2.5}
    assert whys(spent)["failed"] == "MemoryError"


def test_what_broke_off_was_written_and_not_lost() -> None:
    broke_off = Attempt("large", 1000.0, "EngineInterrupted", first=400.0)
    went_on = Attempt("small", 1000.0, at=1000.0, first=100.0)
    one = told(stream=True, continued=True, total_ms=2000.0, attempts=[broke_off, went_on])
    assert seconds(time_spent(one)) == {"read": 0.5, "write": 1.5}


def test_a_wait_that_was_longer_than_expected_says_so() -> None:
    attempts = [Attempt("small", 9000.0, queue=8000.0)]
    one = told(total_ms=9000.0, expected_wait_ms=1000.0, queue_ms=8000.0, attempts=attempts)
    assert whys(time_spent(one))["queue"] == "longer_than_expected"


def test_choices_at_the_same_time_are_told_once() -> None:
    first = Attempt("small", 2000.0, first=500.0)
    second = Attempt("small", 2000.0, queue=1000.0, first=1500.0)
    one = told(stream=True, total_ms=2000.0, attempts=[first, second])
    assert seconds(time_spent(one)) == {"read": 0.5, "write": 1.5}


def test_an_answer_that_another_request_made_was_waited_for() -> None:
    step = Step("cache", "miss", 100.0, 0.0)
    one = told(total_ms=1000.0, ttft_ms=900.0, cache="joined", steps=[step], attempts=[])
    assert seconds(time_spent(one)) == {"cache": 0.1, "shared": 0.8, "write": 0.1}


def test_a_prompt_that_was_mostly_known_says_so() -> None:
    one = told(
        stream=True,
        total_ms=10.0,
        usage=Usage(100, 5, 90),
        attempts=[Attempt("small", 10.0, first=5.0)],
    )
    assert whys(time_spent(one))["read"] == "cached"


def test_receipts_from_before_parts_were_timed_can_be_read() -> None:
    one = told(total_ms=2000.0) | {"attempts": [["small", None, None, 500.0, 1500.0]]}
    assert seconds(time_spent(one)) == {"generate": 1.5, "other": 0.5}
