"""Places go round: to the highest priority first, and none is ever lost."""

import asyncio
import random

import pytest

from models.errors import EngineBusy
from models.upstream.places import Places


async def test_the_highest_priority_comes_first_then_who_came_first() -> None:
    places, order = Places(1, 10), []
    await places.take(0, 1.0)

    async def one(priority: int, name: str) -> None:
        await places.take(priority, 1.0)
        order.append(name)
        places.leave()

    asked = [(0, "a"), (5, "b"), (0, "c"), (5, "d")]
    waiting = [asyncio.ensure_future(one(*who)) for who in asked]
    await asyncio.sleep(0)
    assert (places.taken, places.waiting) == (1, 4)
    places.leave()
    await asyncio.gather(*waiting)
    assert order == ["b", "d", "a", "c"]
    assert (places.taken, places.waiting) == (0, 0)


async def test_who_finds_the_waiting_room_full_is_told_when_to_come_back() -> None:
    places = Places(1, 0)
    await places.take(0, 1.0)
    with pytest.raises(EngineBusy) as busy:
        await places.take(0, 7.0)
    assert busy.value.retry_after == 7


async def test_a_place_that_comes_to_who_has_just_left_goes_on() -> None:
    places = Places(1, 10)
    await places.take(0, 1.0)
    left, next_one = (asyncio.ensure_future(places.take(0, 1.0)) for _ in range(2))
    await asyncio.sleep(0)
    places.leave()
    left.cancel()
    await asyncio.wait_for(next_one, 5)
    assert (left.cancelled(), places.taken, places.waiting) == (True, 1, 0)


async def test_coming_and_leaving_at_random_loses_no_place() -> None:
    places, dice, most = Places(3, 1000), random.Random(7), 0

    async def one() -> None:
        nonlocal most
        await places.take(dice.randrange(3), 1.0)
        most = max(most, places.taken)
        try:
            await asyncio.sleep(0)
        finally:
            places.leave()

    tasks = [asyncio.ensure_future(one()) for _ in range(200)]
    while any(not task.done() for task in tasks):
        dice.choice(tasks).cancel()
        await asyncio.sleep(0)
    assert (most, places.taken, places.waiting) == (3, 0, 0)
