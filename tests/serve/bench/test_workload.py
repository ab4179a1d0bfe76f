"""Lengths and arrivals: made up or from a file, the same for the same seed."""

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.bench.workload import Arrival, Lengths, Shape, TraceRefused, poisson, read_trace, replay

HEAD = "TIMESTAMP,ContextTokens,GeneratedTokens\n"


def trace(folder: Path, text: str) -> Path:
    file = folder / "trace.csv"
    file.write_text(text)
    return file


def test_lengths_are_a_number_or_a_range() -> None:
    assert Lengths.parse("512") == Lengths(512, 512)
    assert str(Lengths.parse("128-1024")) == "128-1024"


@pytest.mark.parametrize("text", ["", "x", "0", "5-3", "1-2-3", "-4"])
def test_other_lengths_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"tokens|invalid literal"):
        Lengths.parse(text)


@given(st.floats(0.5, 50), st.integers())
def test_arrivals_come_in_order_within_the_time(rate: float, seed: int) -> None:
    times = list(poisson(rate, 20.0, random.Random(seed)))
    assert times == sorted(times)
    assert all(0 < at < 20 for at in times)
    assert times == list(poisson(rate, 20.0, random.Random(seed)))


def test_a_trace_is_read_in_order_from_zero(tmp_path: Path) -> None:
    rows = "2024-05-10 00:00:02.5000000,80,8\n2024-05-10 00:00:00.0000000,40,1\n"
    found = read_trace(trace(tmp_path, HEAD + rows), shrink=4)
    assert found == [Arrival(0.0, Shape(10, 1)), Arrival(2.5, Shape(20, 2))]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A,B\n1,2\n", "Line 1: the trace has no column"),
        (HEAD, "has no requests"),
        (HEAD + "1,x,2\n", "Line 2: ContextTokens is no number"),
        (HEAD + "now,1,2\n", "Line 2: TIMESTAMP is no time"),
    ],
)
def test_a_trace_that_is_none_is_refused_with_the_line(
    tmp_path: Path, text: str, words: str
) -> None:
    with pytest.raises(TraceRefused, match=words):
        read_trace(trace(tmp_path, text))


def test_a_trace_can_be_replayed_faster() -> None:
    whole = [Arrival(float(at), Shape(1, 1)) for at in range(101)]
    part = replay(whole, speed=2.0, seconds=10.0, rng=random.Random(1))
    assert 19 <= len(part) <= 21
    assert all(0 <= arrival.at <= 10 for arrival in part)
