"""One generation for all who ask the same at the same time.

Single flight, as in Go's golang.org/x/sync/singleflight, for streams: whoever comes later gets
what came before, then what comes. The generation belongs to no reader; it ends with the last.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Generic, TypeVar

from models.engine import Chunk, ChunkStream

About = TypeVar("About")


class Flight(Generic[About]):
    """`about` is what its first reader said of it."""

    def __init__(self, about: About, chunks: ChunkStream) -> None:
        self.about = about
        self._said: list[Chunk] = []
        self._news = asyncio.Event()
        self._readers = 0
        self._left = False  # by its last reader
        self._work = asyncio.create_task(self._fly(chunks))
        self._work.add_done_callback(lambda _: self._news.set())

    @property
    def open(self) -> bool:
        """Whether somebody may still come aboard."""
        return not (self._left or self._work.done())

    def then(self, done: Callable[[], None]) -> None:
        """Calls `done` once it has ended."""
        self._work.add_done_callback(lambda _: done())

    async def read(self) -> ChunkStream:
        """All of it, from the first chunk. Raises what the generation raised."""
        self._readers += 1
        try:
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
        finally:
            self._readers -= 1
            if not self._readers:
                await self._end()

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


class Flights(Generic[About]):
    def __init__(self) -> None:
        self._flights: dict[tuple[bytes, bool], Flight[About]] = {}

    def __len__(self) -> int:
        return len(self._flights)

    def board(
        self, key: tuple[bytes, bool], about: About, begin: Callable[[], ChunkStream]
    ) -> Flight[About]:
        """The flight of `key` that is under way, or a new one. It must be read."""
        flight = self._flights.get(key)
        if flight is None or not flight.open:
            flight = self._flights[key] = Flight(about, begin())
            flight.then(partial(self._forget, key, flight))
        return flight

    def _forget(self, key: tuple[bytes, bool], flight: Flight[About]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
