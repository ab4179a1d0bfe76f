"""The far side: an `Engine` whose work happens in other processes."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Final

from models.engine import ChunkStream, ModelCard, Prompt
from models.errors import EngineUnavailable
from models.load import Load
from models.wire.codec import chunk_of_bytes, load_of_bytes, prompt_to_bytes
from models.wire.connection import Kind
from models.wire.line import Line

LOOK_AGAIN: Final = 1.0  # seconds between looks for replicas that are still missing
PATIENCE: Final = 1.0  # seconds that a replica may take to be found, or to say that it heard

Find = Callable[[], Awaitable[Path]]


class WiredEngine:
    """`find` says where a replica listens, any one of `replicas`, and waits until there is one.

    A call goes to the replica with the fewest calls of this process; one that does not even hear
    what it is asked, for it hangs or is frozen, is asked when there is no other.
    """

    def __init__(self, card: ModelCard, find: Find, replicas: int = 1) -> None:
        self._card = card
        self._find = find
        self._replicas = replicas
        self._lines: dict[Path, Line] = {}
        self._looking: asyncio.Task[None] | None = None
        self._looked_at = 0.0
        self._closed = False

    @property
    def card(self) -> ModelCard:
        return self._card

    async def generate(self, prompt: Prompt) -> ChunkStream:
        line = await self._line()
        async with aclosing(line.call(Kind.ASK, prompt_to_bytes(prompt))) as answer:
            async for chunk in answer:
                yield chunk_of_bytes(chunk)

    async def load(self) -> Load:
        """It is asked again and again: who has looked for a replica in vain does not wait anew."""
        load = load_of_bytes(await (await self._line(patient=False)).ask(Kind.LOAD))
        if load.context_length is not None:  # it may be less than the settings say
            self._card = replace(self._card, context_length=load.context_length)
        return load

    async def health(self) -> None:
        await (await self._line()).ask(Kind.HEALTH)

    async def wake(self) -> None:
        """Have a model that sleeps loaded; returns at once."""
        await (await self._line()).ask(Kind.WAKE)

    async def close(self) -> None:
        """Hangs up; who runs the replicas ends them."""
        self._closed = True
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
        for line in self._lines.values():
            line.close()

    async def _line(self, patient: bool = True) -> Line:
        """Raises `EngineUnavailable` and what `find` raises."""
        lines = self._alive()
        if len(lines) < self._replicas and not self._closed:
            self._look()
        worth = patient or time.monotonic() < self._looked_at + PATIENCE
        if not lines and self._looking is not None and worth:
            await asyncio.shield(self._looking)
            lines = self._alive()
        if not lines:
            raise EngineUnavailable("The engine cannot be reached at present.")
        now = time.monotonic()
        return min(lines, key=lambda line: (line.silent(now) > PATIENCE, line.open))

    def _alive(self) -> list[Line]:
        self._lines = {path: line for path, line in self._lines.items() if not line.lost}
        return list(self._lines.values())

    def _look(self) -> None:
        """One look at a time; without any replica at once, else now and then."""
        if self._looking is not None and not self._looking.done():
            return
        now = time.monotonic()
        if self._lines and now < self._looked_at + LOOK_AGAIN:
            return
        self._looked_at = now
        self._looking = asyncio.ensure_future(self._connect())
        self._looking.add_done_callback(_heard)

    async def _connect(self) -> None:
        """Asks so often that each replica has probably said where it is."""
        for _ in range(2 * self._replicas - 1):
            path = await self._find()
            if path not in self._lines:
                try:
                    self._lines[path] = await Line.to(path)
                except OSError as exc:  # it died since
                    raise EngineUnavailable("The engine cannot be reached at present.") from exc
            if len(self._lines) == self._replicas:
                return


def _heard(looking: "asyncio.Task[None]") -> None:
    """Whoever waits raises it; nobody need."""
    if not looking.cancelled():
        looking.exception()
