"""The near side: an engine answers whoever may open its socket."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Final

from models.batching import in_batches
from models.engine import Engine, merge
from models.errors import EngineError, EngineInterrupted, EngineUnavailable
from models.wire.codec import chunk_to_bytes, error_to_bytes, load_to_bytes, prompt_of_bytes
from models.wire.connection import Connection, Kind

WINDOW: Final = 0.02  # seconds; words that come so close together are one message

log = logging.getLogger(__name__)


class Door:
    """Where an engine is reached. Who may open `path` may ask: it belongs in a private folder.

    `wake` is what `Kind.WAKE` does.
    """

    def __init__(self, engine: Engine, path: Path, wake: Callable[[], None]) -> None:
        self.path = path
        self._engine = engine
        self._wake = wake
        self._server: asyncio.AbstractServer | None = None
        self._callers: set[_Caller] = set()
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._open = 0

    async def open(self) -> None:
        with suppress(FileNotFoundError):
            self.path.unlink()  # of a process that died with the same number
        loop = asyncio.get_running_loop()
        self._server = await loop.create_unix_server(self._welcome, self.path)

    async def close(self) -> None:
        """Takes nothing new, waits for all answers that are under way, and hangs up."""
        if self._server is None:
            return
        self._server.close()
        for caller in self._callers:
            caller.closing = True
        await self._quiet.wait()
        for caller in list(self._callers):
            caller.connection.close()
        await self._server.wait_closed()
        with suppress(FileNotFoundError):
            self.path.unlink()

    def _welcome(self) -> asyncio.Protocol:
        caller = _Caller(self._engine, self._wake, self._count)
        self._callers.add(caller)
        caller.then(lambda: self._callers.discard(caller))
        return caller.connection

    def _count(self, more: int) -> None:
        """Of answers that are under way."""
        self._open += more
        if self._open:
            self._quiet.clear()
        else:
            self._quiet.set()


class _Caller:
    """One connection, with the tasks of its calls by their numbers. One that is `closing` takes no
    new prompts.
    """

    def __init__(
        self, engine: Engine, wake: Callable[[], None], count: Callable[[int], None]
    ) -> None:
        self._engine = engine
        self._wake = wake
        self._count = count
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._gone: Callable[[], None] = lambda: None
        self.closing = False
        self.connection = Connection(self._hear, self._lost)

    def then(self, gone: Callable[[], None]) -> None:
        self._gone = gone

    def _hear(self, kind: Kind, number: int, body: bytes) -> None:
        if kind is Kind.LEAVE:
            if (task := self._tasks.get(number)) is not None:
                task.cancel()
        elif kind is Kind.ASK:
            self.connection.say(Kind.HEARD, number)
            self._begin(number, self._answer(number, body))
        elif kind is Kind.LOAD:
            self._begin(number, self._load(number))
        elif kind is Kind.HEALTH:
            self._begin(number, self._health(number))
        elif kind is Kind.WAKE:
            self._wake()
            self.connection.say(Kind.DONE, number)

    def _begin(self, number: int, work: Awaitable[None]) -> None:
        task = self._tasks[number] = asyncio.ensure_future(self._tell_errors(number, work))
        self._count(1)
        task.add_done_callback(lambda _: self._ended(number))

    def _ended(self, number: int) -> None:
        del self._tasks[number]
        self._count(-1)

    def _lost(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        self._gone()

    async def _tell_errors(self, number: int, work: Awaitable[None]) -> None:
        try:
            await work
        except EngineError as exc:
            error = exc
        except Exception:
            log.exception("An engine failed in a way that is not foreseen.")
            error = EngineInterrupted("The engine stopped before the answer was complete.")
        else:
            return
        self.connection.say(Kind.ERROR, number, error_to_bytes(error))

    async def _answer(self, number: int, body: bytes) -> None:
        if self.closing:
            raise EngineUnavailable("The engine is ending.")
        prompt = prompt_of_bytes(body)
        async with aclosing(self._engine.generate(prompt)) as chunks:
            if prompt.whole:
                whole = merge([chunk async for chunk in chunks])
                self.connection.say(Kind.CHUNK, number, chunk_to_bytes(whole))
            else:
                async with aclosing(in_batches(chunks, WINDOW)) as batches:
                    async for chunk in batches:
                        self.connection.say(Kind.CHUNK, number, chunk_to_bytes(chunk))
                        await self.connection.ready()
        self.connection.say(Kind.DONE, number)

    async def _load(self, number: int) -> None:
        self.connection.say(Kind.DONE, number, load_to_bytes(await self._engine.load()))

    async def _health(self, number: int) -> None:
        await self._engine.health()
        self.connection.say(Kind.DONE, number)
