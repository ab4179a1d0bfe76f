"""Answers kept in memory."""

import tracemalloc
from dataclasses import replace

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.caches.exact import ENTRY_BYTES, ExactCache
from index.caches.sealed import Given, Kept, Owner, Sealed
from models.engine import CallDelta, Chunk, TokenLogprob, TopLogprob, Usage

MIB = 1 << 20
OWNER = Owner("tenant", (("m", "1"),))


def answer(text: str = "yes", cost: float = 100.0) -> Given:
    return Given((Chunk(text, 1, finish_reason="stop", usage=Usage(3, 1)),), "small", "m", cost)


def sealed(number: int, given: Given, owner: Owner = OWNER) -> Sealed:
    return Sealed.of(key(number), given, owner)


def key(number: int) -> bytes:
    return number.to_bytes(32)


def text(found: Kept) -> str:
    given = found.sealed.opened(OWNER)
    return given.choices[0].text if given else ""


def test_an_answer_comes_back_as_it_was() -> None:
    likely = TopLogprob("\ufffd", b"\xf0\x9f", -0.5)
    chunk = Chunk(
        "Grüße",
        2,
        (TokenLogprob("\ufffd", b"\xf0\x9f", -0.5, (likely,)),),
        (CallDelta(0, '{"a": 1}', "call_1", "f"),),
        "tool_calls",
        Usage(7, 2, 5),
        reasoning="hm",
    )
    cache = ExactCache(MIB, 60)
    cache.put(sealed(1, Given((chunk, Chunk("b")), "large", "big", 5.0)), 0.0)
    found = cache.get(key(1), 1.0)
    assert found is not None
    assert found.age == 1.0
    assert found.sealed.opened(OWNER) == Given((chunk, Chunk("b")), "large", "big", 5.0)
    assert cache.get(key(2), 1.0) is None


def test_an_answer_that_is_too_old_is_a_miss_and_goes() -> None:
    cache = ExactCache(MIB, ttl=60)
    cache.put(sealed(1, answer()), 0.0)
    assert cache.get(key(1), 30.0, max_age=20) is None
    assert cache.get(key(1), 60.0) is not None
    assert cache.get(key(1), 60.1) is None
    assert (len(cache), cache.size) == (0, 0)


def test_a_newer_answer_takes_the_place_of_an_older_one() -> None:
    cache = ExactCache(MIB, 60)
    cache.put(sealed(1, answer("old")), 0.0)
    cache.put(sealed(1, answer("new")), 50.0)
    found = cache.get(key(1), 100.0)
    assert found is not None
    assert text(found) == "new"
    assert len(cache) == 1


def test_what_saves_least_per_byte_goes_first() -> None:
    cache = ExactCache(70 * ENTRY_BYTES, 60)
    cache.put(sealed(0, answer(cost=10_000.0)), 0.0)
    for number in range(1, 500):
        cache.put(sealed(number, answer(cost=10.0)), 0.0)
    assert cache.get(key(0), 1.0) is not None
    assert cache.get(key(1), 1.0) is None


def test_what_is_asked_for_stays_and_what_was_asked_for_long_ago_goes() -> None:
    cache = ExactCache(50 * ENTRY_BYTES, 60)
    cache.put(sealed(0, answer()), 0.0)
    cache.put(sealed(1, answer()), 0.0)
    for number in range(2, 400):
        cache.put(sealed(number, answer()), 0.0)
        assert cache.get(key(0), 0.0) is not None
    assert cache.get(key(1), 0.0) is None
    for number in range(400, 400 + 450 * 50):
        cache.put(sealed(number, answer()), 0.0)
    assert cache.get(key(0), 0.0) is None


def test_an_answer_that_would_take_an_eighth_of_the_room_is_not_kept() -> None:
    cache = ExactCache(80_000, 60)
    cache.put(sealed(1, answer("x" * 10_000)), 0.0)
    assert (len(cache), cache.size) == (0, 0)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["put", "get"]),
            st.integers(0, 9),
            st.integers(0, 3000),
            st.floats(0, 20),
        ),
        max_size=60,
    )
)
def test_the_bytes_stay_within_their_bound_and_every_hit_is_what_was_put_last(
    steps: list[tuple[str, int, int, float]],
) -> None:
    cache, last, now = ExactCache(16_000, 30.0), dict[int, str](), 0.0
    for kind, number, length, passed in steps:
        now += passed
        if kind == "put":
            last[number] = "x" * length
            cache.put(sealed(number, answer(last[number])), now)
        elif (found := cache.get(key(number), now)) is not None:
            assert text(found) == last[number]
        assert 0 <= cache.size <= 16_000
    assert len(cache) <= len(last)


def test_what_an_entry_is_said_to_take_is_what_it_takes() -> None:
    cache = ExactCache(64 * MIB, 60)
    tracemalloc.start()
    for number in range(5000):
        own = Owner(f"tenant-{number}", ((f"model-{number}", f"{number:064}"),), (f"vs_{number}",))
        cache.put(sealed(number, answer("word " * 40), own), 0.0)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 0.5 * cache.size < taken < cache.size


@pytest.mark.slow
def test_a_million_answers_stay_within_the_bound_and_take_no_more_than_that() -> None:
    most = 16 * MIB
    cache, one, process = ExactCache(most, 60), sealed(0, answer()), psutil.Process()
    before = process.memory_info().rss
    for number in range(1_000_000):
        cache.put(replace(one, key=key(number)), number * 1e-5)
        if number % 50_000 == 0:
            assert cache.size <= most
    assert 0.9 * most < cache.size <= most
    assert cache.size / len(cache) < 2000
    assert process.memory_info().rss - before < 1.5 * most
    assert cache.get(key(999_999), 10.0) is not None
    assert cache.get(key(0), 10.0) is None
