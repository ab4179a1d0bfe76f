"""Who flies, who follows, and what they have been told: `Sharing`, where all gateways reach it."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from math import inf
from typing import Final, Literal

from index.caches.memory import Memory
from index.caches.sealed import Kept
from index.caches.sharing import About, Berth, Follow, Lead, News, Report
from models.engine import Chunk

LEASE: Final = 3.0  # seconds without a word of its leader, after which a flight is lost


@dataclass(slots=True)
class _Flight:
    """`until`: when it is over unless its leader is heard of. `readers`: when each was here last;
    one that waits for news has no end. `stir` is set, and replaced, by whatever happens to it.
    """

    berth: Berth
    until: float
    state: Literal["flying", "landed", "lost"] = "flying"
    said: list[Chunk] = field(default_factory=list)
    about: About | None = None
    readers: dict[str, float] = field(default_factory=dict)
    stir: asyncio.Event = field(default_factory=asyncio.Event)

    def stirs(self) -> None:
        self.stir.set()
        self.stir = asyncio.Event()

    async def stirred(self, wait: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await self.stir.wait()


class Tower:
    """What landed and was kept is given from `memory`. `lease` in seconds."""

    def __init__(
        self,
        memory: Memory,
        lease: float = LEASE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._memory = memory
        self._lease = lease
        self._clock = clock
        self._flights: dict[str, _Flight] = {}
        self._under_way: dict[Berth, str] = {}

    def __len__(self) -> int:
        return len(self._under_way)

    async def board(self, berth: Berth, reader: str) -> Kept | Lead | Follow:
        if (kept := await self._memory.same(berth.key, berth.max_age)) is not None:
            return kept
        self._sweep()
        now = self._clock()
        name = self._under_way.get(berth)
        if name is None:
            name = self._under_way[berth] = reader
            self._flights[name] = _Flight(berth, now + self._lease)
            return Lead(name)
        flight = self._flights[name]
        flight.readers[reader] = now
        flight.stirs()
        return Follow(name)

    async def publish(self, flight: str, report: Report, wait: float) -> int | None:
        found = self._flights.get(flight)
        if found is None or found.state != "flying" or report.start > len(found.said):
            return None
        found.said[report.start :] = report.chunks
        found.about = report.about or found.about
        found.until = self._clock() + wait + self._lease
        if report.chunks:
            found.stirs()
        ends = self._clock() + wait
        while not self._followers(found) and (left := ends - self._clock()) > 0:
            await found.stirred(left)
        found.until = self._clock() + self._lease
        return self._followers(found)

    async def hear(self, flight: str, reader: str, seen: int, wait: float) -> News | None:
        found = self._flights.get(flight)
        if found is None:
            return None
        found.readers[reader] = inf
        ends = self._clock() + wait
        try:
            while found.state == "flying" and len(found.said) <= seen:
                left = min(ends, found.until) - self._clock()
                if left <= 0:
                    break
                await found.stirred(left)
        finally:
            found.readers[reader] = self._clock()
        self._sweep()
        news, landed = found.said[seen:], found.state == "landed"
        if found.state == "lost" and not news:
            return None
        return News(tuple(news), found.about, landed)

    async def leave(self, flight: str, reader: str) -> None:
        if (found := self._flights.get(flight)) is not None:
            found.readers.pop(reader, None)
            found.stirs()

    async def land(self, flight: str, count: int | None) -> None:
        """Who follows and was not told all of it finds it kept, or leads."""
        if (found := self._flights.get(flight)) is not None and found.state == "flying":
            self._end(flight, found, "landed" if len(found.said) == count else "lost")

    def _followers(self, flight: _Flight) -> int:
        """Who has not been here for as long as a lease has gone."""
        since = self._clock() - self._lease
        return sum(last > since for last in flight.readers.values())

    def _sweep(self) -> None:
        """What ended is remembered as long as a lease, for those who still follow."""
        now = self._clock()
        for name, flight in list(self._flights.items()):
            if flight.until > now:
                continue
            if flight.state == "flying":
                self._end(name, flight, "lost")
            else:
                del self._flights[name]

    def _end(self, name: str, flight: _Flight, state: Literal["landed", "lost"]) -> None:
        flight.state = state
        flight.until = self._clock() + self._lease
        if self._under_way.get(flight.berth) == name:
            del self._under_way[flight.berth]
        flight.stirs()
