"""A plan fits when it says so, uses what there is, and keeps to what was asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import ModelRefused
from models.memory.plan import (
    ENOUGH_AT_ONCE,
    LEAST_CONTEXT,
    MARGIN_LEAST,
    MOST_AT_ONCE,
    USUAL_CONTEXT,
    Footprint,
    Holder,
    Room,
    plan,
)

GB = 1_000_000_000
SEVEN_B = Footprint(weights=15 * GB, token=131_072, max_context=131_072)

footprints = st.builds(
    Footprint,
    weights=st.integers(1, 400 * GB),
    token=st.floats(100, 4e6),
    max_context=st.integers(128, 2_000_000),
)
rooms = st.integers(1 * GB, 200 * GB).flatmap(
    lambda total: st.builds(
        Room, where=st.just("here"), total=st.just(total), free=st.integers(0, total)
    )
)


def room(free: int, total: int = 80 * GB, *holders: Holder) -> Room:
    return Room("GPU 0", total, free, holders)


@given(footprint=footprints, room=rooms)
def test_a_plan_that_fits_fits(footprint: Footprint, room: Room) -> None:
    found = plan(footprint, room)
    assert (found.lacking == 0) == (found.needed <= room.free)
    assert found.lacking == max(0, found.needed - room.free)
    assert found.margin >= MARGIN_LEAST
    assert 1 <= found.concurrency <= MOST_AT_ONCE
    assert min(LEAST_CONTEXT, footprint.max_context) <= found.context_length
    assert found.context_length <= min(USUAL_CONTEXT, footprint.max_context)


@given(footprint=footprints, room=rooms)
def test_no_larger_concurrency_would_fit(footprint: Footprint, room: Room) -> None:
    found = plan(footprint, room)
    one_more = found.kv_cache // found.concurrency
    assert (
        found.concurrency == MOST_AT_ONCE or found.needed + one_more + found.concurrency > room.free
    )


@given(footprint=footprints, room=rooms, concurrency=st.integers(1, 512))
def test_asked_for_many_the_context_gives_way(
    footprint: Footprint, room: Room, concurrency: int
) -> None:
    found = plan(footprint, room, concurrency=concurrency)
    assert found.concurrency == concurrency
    least = min(LEAST_CONTEXT, footprint.max_context)
    assert found.lacking == 0 or found.context_length == least


def test_the_usual_context_is_proposed_where_enough_fit_at_once() -> None:
    found = plan(SEVEN_B, room(free=78 * GB))
    assert found.context_length == USUAL_CONTEXT
    assert ENOUGH_AT_ONCE <= found.concurrency < MOST_AT_ONCE
    assert found.lacking == 0


def test_with_little_room_the_context_is_halved() -> None:
    found = plan(SEVEN_B, room(free=24 * GB, total=24 * GB))
    assert (found.context_length, found.concurrency) == (4096, 13)
    assert found.lacking == 0


def test_what_does_not_fit_says_how_much_lacks_and_who_holds_it() -> None:
    hogs = (Holder("blender", 7, 60 * GB), Holder("python", 8, 1 * GB))
    found = plan(SEVEN_B, room(10 * GB, 80 * GB, *hogs))
    assert found.lacking == 15 * GB + LEAST_CONTEXT * 131_072 + found.margin - 10 * GB
    assert found.holder == hogs[0]


def test_with_nobody_there_nobody_is_blamed() -> None:
    assert plan(SEVEN_B, room(10 * GB)).holder is None


def test_what_is_asked_for_is_planned_as_it_is() -> None:
    found = plan(SEVEN_B, room(free=78 * GB), context_length=100_000, concurrency=3)
    assert (found.context_length, found.concurrency) == (100_000, 3)
    assert found.kv_cache == 300_000 * 131_072
    assert found.lacking == 0


def test_a_context_that_the_model_does_not_have_is_refused() -> None:
    with pytest.raises(ModelRefused, match="at most 131072"):
        plan(SEVEN_B, room(free=78 * GB), context_length=131_073)
