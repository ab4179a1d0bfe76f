"""A shared memory that is slow, dead, or gives what it should not."""

import asyncio
from math import inf
from typing import Any

import numpy as np
import pytest

from index.caches.local import LocalMemory
from index.caches.memory import Place, Scope, Similar, Told
from index.caches.sealed import Given, Kept, Owner, Sealed
from index.caches.semantic import SemanticCache
from index.caches.sharing import Berth, Follow, Lead, Report
from index.caches.tower import Tower
from index.caches.verdict import Sentence
from index.errors import StorageBusy
from models.engine import Chunk
from serve.caching.remote_memory import FAILURES, LOOK, REST, RemoteMemory, answer
from tests.index.caches.plain_verdict import by_cosine

KEY = b"k" * 32
OWNER = Owner("tenant", (("m", "1"),))
DEADLINE = 20.0  # seconds


class Far:
    """The process of a shared memory, and the way to it: it may be slow, or fail."""

    def __init__(self) -> None:
        self.now = 0.0
        self.error: Exception | None = None
        self.hangs = False
        self.calls: list[str] = []
        self.memory = LocalMemory(1 << 20, 3600)
        self.tower = Tower(self.memory)
        self.near = RemoteMemory(self.ask, lambda: self.now)

    async def ask(self, call: str, asked: tuple[Any, ...]) -> Any:
        self.calls.append(call)
        if self.hangs:
            await asyncio.Event().wait()
        if self.error is not None:
            raise self.error
        return await answer(self.memory, self.tower, call, asked)

    async def called(self, call: str, times: int = 1) -> None:
        """Waits until it was: what is sent behind is not waited for."""
        async with asyncio.timeout(DEADLINE):
            while self.calls.count(call) < times:
                await asyncio.sleep(0.01)


def sealed(text: str = "yes", key: bytes = KEY) -> Sealed:
    return Sealed.of(key, Given((Chunk(text),), "small", "m", 5.0), OWNER)


async def test_it_keeps_and_gives_and_counts_there() -> None:
    far = Far()
    assert await far.near.same(KEY, inf) is None
    await far.near.keep(sealed(), None)
    await far.called("keep")
    found = await far.near.same(KEY, inf)
    assert isinstance(found, Kept)
    assert found.sealed == sealed()
    assert await far.near.same(KEY, -1.0) is None
    for _ in range(3):
        await far.near.tell(Told("hit", 5, 2.0))
    await far.called("tell")
    stats = await far.near.stats()
    assert (stats.counts, stats.tokens_saved, stats.milliseconds_saved) == ({"hit": 3}, 15, 6.0)
    assert far.calls.count("tell") == 1
    assert len(await far.near.entries(Scope(), 10)) == 1
    assert await far.near.flush(Scope(tenant="tenant"), dry_run=False) == 1
    assert await far.near.same(KEY, inf) is None


async def test_what_is_found_out_and_what_is_disliked_are_told_there() -> None:
    far = Far()
    alike = SemanticCache(1 << 20, by_cosine(), 0.01)
    far.memory = LocalMemory(1 << 20, 3600, alike)
    vector = np.full(4, 0.5, np.float32)
    place = Place(b"c" * 32, Sentence("a b c", vector, np.full((5, 4), 63, np.int8)))
    await far.near.keep(sealed(), place)
    await far.called("keep")
    similar = await far.near.similar(place, inf, True)
    assert similar.found is not None
    assert similar.trial is not None
    await far.near.observe(similar.trial.judged, right=True)
    await far.called("observe")
    assert alike.measured.checked == 1
    assert await far.near.dislike(KEY)
    assert not await far.near.dislike(KEY)
    assert await far.near.same(KEY, inf) is None
    far.error = ValueError("gone")
    assert not await far.near.dislike(KEY)


async def test_who_looks_for_the_same_at_once_shares_one_call() -> None:
    far = Far()
    await asyncio.gather(*(far.near.same(KEY, inf) for _ in range(50)))
    assert far.calls == ["same"]


async def test_a_memory_that_hangs_costs_a_moment_and_then_nothing() -> None:
    far = Far()
    far.hangs = True
    place = Place(b"c" * 32, Sentence("a b c", np.zeros(4, np.float32), np.zeros((5, 4), np.int8)))
    for _ in range(FAILURES):
        async with asyncio.timeout(10 * LOOK):
            assert await far.near.same(KEY, inf) is None
    assert await far.near.same(KEY, inf) is None
    assert await far.near.similar(place, inf, True) == Similar(None, "out of reach")
    assert await far.near.board(Berth(KEY, True, inf), "a") == Lead()
    assert await far.near.publish("a", Report(0), DEADLINE) is None
    assert await far.near.hear("a", "b", 0, DEADLINE) is None
    assert len(far.calls) == FAILURES


@pytest.mark.parametrize("error", [StorageBusy("Gone.", 1.0), ValueError("no such call")])
async def test_a_memory_that_is_dead_is_tried_again_after_a_rest(error: Exception) -> None:
    far = Far()
    far.error = error
    for _ in range(FAILURES + 2):
        assert await far.near.same(KEY, inf) is None
    assert len(far.calls) == FAILURES
    far.now += REST
    assert await far.near.same(KEY, inf) is None
    assert await far.near.same(KEY, inf) is None
    assert len(far.calls) == FAILURES + 1
    far.error = None
    far.now += REST
    await far.memory.keep(sealed(), None)
    assert await far.near.same(KEY, inf) is not None


async def test_only_one_call_tries_whether_it_is_back() -> None:
    far = Far()
    far.error = StorageBusy("Gone.", 1.0)
    for _ in range(FAILURES):
        await far.near.same(KEY, inf)
    far.now += REST
    keys = [bytes([number]) * 32 for number in range(20)]
    await asyncio.gather(*(far.near.same(key, inf) for key in keys))
    assert len(far.calls) == FAILURES + 1


async def test_who_asks_what_is_kept_is_told_that_it_is_out_of_reach() -> None:
    far = Far()
    far.error = StorageBusy("Gone.", 1.0)
    for asked in (far.near.stats(), far.near.entries(Scope(), 1), far.near.flush(Scope(), False)):
        with pytest.raises(StorageBusy):
            await asked


async def test_what_is_to_be_kept_arrives_before_the_flight_lands() -> None:
    far = Far()
    berth = Berth(KEY, True, inf)
    assert await far.near.board(berth, "a") == Lead("a")
    assert await far.near.board(berth, "b") == Follow("a")
    await far.near.keep(sealed(), None)
    await far.near.land("a", 0)
    await far.called("land")
    assert [call for call in far.calls if call in ("keep", "land")] == ["keep", "land"]
    assert isinstance(await far.near.board(berth, "c"), Kept)


async def test_who_gets_no_answer_in_time_leads_alone_and_holds_up_nobody() -> None:
    far = Far()
    far.hangs = True
    berth = Berth(KEY, True, inf)
    assert await far.near.board(berth, "a") == Lead()
    await far.tower.board(berth, "a")  # its call arrives late
    far.hangs = False
    await far.near.land("a", None)
    await far.called("land", 2)
    assert await far.near.board(berth, "b") == Lead("b")


async def test_no_other_name_is_called() -> None:
    far = Far()
    with pytest.raises(ValueError, match="close"):
        await answer(far.memory, far.tower, "close", ())
