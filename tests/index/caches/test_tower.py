"""Who flies and who follows, when several gateways ask the same."""

import asyncio
from math import inf

from index.caches.local import LocalMemory
from index.caches.sealed import Given, Kept, Owner, Sealed
from index.caches.sharing import About, Berth, Follow, Lead, News, Report
from index.caches.tower import Tower
from models.engine import Chunk

BERTH = Berth(b"k" * 32, True, inf)
ABOUT = About("miss", None, "named", "small", "m")
DEADLINE = 5.0  # seconds


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def tower(clock: Clock | None = None) -> Tower:
    clock = clock or Clock()
    return Tower(LocalMemory(1 << 20, 3600, clock=clock), lease=3.0, clock=clock)


def chunks(*texts: str) -> list[Chunk]:
    return [Chunk(text) for text in texts]


async def test_the_first_leads_and_the_others_follow_until_it_lands() -> None:
    one = tower()
    assert await one.board(BERTH, "a") == Lead("a")
    assert await one.board(BERTH, "b") == Follow("a")
    assert await one.board(BERTH._replace(stream=False), "c") == Lead("c")
    await one.land("a", 0)
    assert await one.board(BERTH, "d") == Lead("d")


async def test_what_was_kept_meanwhile_is_given_to_who_boards() -> None:
    memory = LocalMemory(1 << 20, 3600)
    sealed = Sealed.of(BERTH.key, Given((Chunk("x"),), "small", "m", 1.0), Owner("t", ()))
    await memory.keep(sealed, None)
    found = await Tower(memory).board(BERTH, "a")
    assert isinstance(found, Kept)
    assert found.sealed == sealed


async def test_a_follower_hears_all_from_the_first_chunk_on_and_the_end() -> None:
    one = tower()
    await one.board(BERTH, "a")
    await one.publish("a", Report(0, chunks("1", "2"), ABOUT), 0.0)
    await one.board(BERTH, "b")
    assert await one.hear("a", "b", 0, 0.0) == News(tuple(chunks("1", "2")), ABOUT)
    waiting = asyncio.create_task(one.hear("a", "b", 2, DEADLINE))
    await asyncio.sleep(0)
    assert await one.publish("a", Report(2, chunks("3")), 0.0) == 1
    assert await waiting == News(tuple(chunks("3")), ABOUT)
    await one.land("a", 3)
    assert await one.hear("a", "b", 3, DEADLINE) == News((), ABOUT, landed=True)


async def test_a_report_that_is_given_twice_is_told_once() -> None:
    one = tower()
    await one.board(BERTH, "a")
    for _ in range(2):
        await one.publish("a", Report(0, chunks("1")), 0.0)
    assert await one.publish("a", Report(5, chunks("6")), 0.0) is None
    assert await one.hear("a", "b", 0, 0.0) == News(tuple(chunks("1")))


async def test_a_leader_is_told_as_soon_as_somebody_follows_and_when_all_have_left() -> None:
    one = tower()
    await one.board(BERTH, "a")
    waiting = asyncio.create_task(one.publish("a", Report(0), DEADLINE))
    await asyncio.sleep(0)
    await one.board(BERTH, "b")
    assert await asyncio.wait_for(waiting, DEADLINE) == 1
    await one.leave("a", "b")
    assert await one.publish("a", Report(0), 0.0) == 0


async def test_a_follower_that_is_not_heard_of_does_not_count() -> None:
    clock = Clock()
    one = tower(clock)
    await one.board(BERTH, "a")
    await one.board(BERTH, "b")
    clock.now = 2.0
    assert await one.publish("a", Report(0), 0.0) == 1
    clock.now = 4.0
    assert await one.publish("a", Report(0), 0.0) == 0


async def test_a_leader_that_is_not_heard_of_has_lost_its_flight() -> None:
    clock = Clock()
    one = tower(clock)
    await one.board(BERTH, "a")
    await one.board(BERTH, "b")
    clock.now = 3.5
    assert await one.hear("a", "b", 0, 0.0) is None
    assert await one.board(BERTH, "b2") == Lead("b2")
    assert await one.publish("a", Report(0), 0.0) is None
    clock.now = 30.0
    assert await one.hear("a", "b", 0, 0.0) is None
    assert await one.board(BERTH, "c") == Lead("c")


async def test_who_was_not_told_all_of_it_has_lost_its_leader_when_it_lands() -> None:
    one = tower()
    await one.board(BERTH, "a")
    await one.board(BERTH, "b")
    await one.publish("a", Report(0, chunks("1")), 0.0)
    await one.land("a", 2)
    assert await one.hear("a", "b", 0, 0.0) == News(tuple(chunks("1")))
    assert await one.hear("a", "b", 1, 0.0) is None
    assert len(one) == 0


async def test_a_failed_flight_is_lost_to_who_waits_for_it() -> None:
    one = tower()
    await one.board(BERTH, "a")
    waiting = asyncio.create_task(one.hear("a", "b", 0, DEADLINE))
    await asyncio.sleep(0)
    await one.land("a", None)
    assert await asyncio.wait_for(waiting, DEADLINE) is None


async def test_nobody_knows_a_flight_of_before_a_restart() -> None:
    one = tower()
    assert await one.hear("gone", "b", 0, DEADLINE) is None
    assert await one.publish("gone", Report(0), DEADLINE) is None
    await one.leave("gone", "b")
    await one.land("gone", 0)
