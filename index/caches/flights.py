"""One generation for all who ask the same at the same time.

Single flight, as in Go's golang.org/x/sync/singleflight, for streams: whoever comes later gets
what came before, then what comes. The generation belongs to no reader; it ends with the last.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Hashable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, Generic, TypeVar

from models.engine import Chunk, ChunkStream

About = TypeVar("About")
Key = TypeVar("Key", bound=Hashable)
T = TypeVar("T")


class Flight(Generic[About]):
    """`about` is what its first reader said of it."""

    def __init__(self, about: About, begin: "Begin[About]") -> None:
        self.about = about
        self._began = time.monotonic()
        self._said: list[Chunk] = []
        self._news = asyncio.Event()
        self._readers = 0
        self._left = False  # by its last reader
        self._work = asyncio.create_task(self._fly(begin(self)))
        self._work.add_done_callback(lambda _: self._news.set())

    @property
    def open(self) -> bool:
        """Whether somebody may still come aboard."""
        return not (self._left or self._work.done())

    @property
    def lasted(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self._began

    @property
    def said(self) -> Sequence[Chunk]:
        return self._said

    @property
    def ended(self) -> bool:
        return self._work.done()

    @property
    def whole(self) -> bool:
        """Whether it ended as it should."""
        return self.ended and not self._work.cancelled() and self._work.exception() is None

    def then(self, done: Callable[[], None]) -> None:
        """Calls `done` once it has ended."""
        self._work.add_done_callback(lambda _: done())

    async def read(self) -> ChunkStream:
        """All of it, from the first chunk. Raises what the generation raised."""
        async with self.attended():
            seen = 0
            while True:
                news, ended = self._news, self._work.done()
                for chunk in self._said[seen:]:
                    yield chunk
                    seen += 1
                if ended:
                    self._work.result()
                    return
                await news.wait()

    @asynccontextmanager
    async def attended(self) -> AsyncIterator[None]:
        """By one more reader: it goes on."""
        self._readers += 1
        try:
            yield
        finally:
            self._readers -= 1
            if not self._readers:
                await self._end()

    async def beyond(self, seen: float, patience: float) -> None:
        """Until more than `seen` chunks have come, it has ended, or `patience` seconds are over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while len(self._said) <= seen and not self.ended:
                    await self._news.wait()

    async def during(self, work: Coroutine[Any, Any, T]) -> T | None:
        """What `work` comes to; None where it takes longer than the flight."""
        task = asyncio.ensure_future(work)
        try:
            await asyncio.wait([task, self._work], return_when=asyncio.FIRST_COMPLETED)
            return task.result() if task.done() else None
        finally:
            task.cancel()

    async def _fly(self, chunks: ChunkStream) -> None:
        try:
            async for chunk in chunks:
                self._said.append(chunk)
                self._tell()
        finally:
            await chunks.aclose()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def _end(self) -> None:
        """When nobody reads any more; the engine has its slot back when this returns."""
        self._left = True
        self._work.cancel()
        await asyncio.gather(self._work, return_exceptions=True)


Begin = Callable[[Flight[About]], ChunkStream]


class Flights(Generic[Key, About]):
    def __init__(self) -> None:
        self._flights: dict[Key, Flight[About]] = {}

    def __len__(self) -> int:
        return len(self._flights)

    def board(self, key: Key, about: About, begin: Begin[About]) -> Flight[About]:
        """The flight of `key` that is under way, or a new one. It must be read."""
        flight = self._flights.get(key)
        if flight is None or not flight.open:
            flight = self._flights[key] = Flight(about, begin)
            flight.then(partial(self._forget, key, flight))
        return flight

    def _forget(self, key: Key, flight: Flight[About]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
