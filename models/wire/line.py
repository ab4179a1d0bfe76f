"""The far side of one connection: calls and their answers."""

import asyncio
import time
from collections.abc import AsyncGenerator
from itertools import count
from pathlib import Path

from models.wire.codec import error_of_bytes
from models.wire.connection import Connection, Kind

_News = tuple[Kind, bytes]


class Line:
    """To one engine. `open` counts the calls that wait for an answer."""

    def __init__(self) -> None:
        self.lost = False
        self._calls: dict[int, asyncio.Queue[_News]] = {}
        self._numbers = count()
        self._asked_at: float | None = None  # while it has not said anything since
        self._connection = Connection(self._hear, self._gone)

    @classmethod
    async def to(cls, path: Path) -> "Line":
        """Raises `OSError` where nobody listens."""
        line = cls()
        loop = asyncio.get_running_loop()
        await loop.create_unix_connection(lambda: line._connection, str(path))
        return line

    @property
    def open(self) -> int:
        return len(self._calls)

    def silent(self, now: float) -> float:
        """Seconds since it was asked and has not even said that it heard. `now` is of
        `time.monotonic()`.
        """
        return 0.0 if self._asked_at is None else now - self._asked_at

    async def call(self, kind: Kind, body: bytes = b"") -> AsyncGenerator[bytes, None]:
        """The chunks of the answer, or its one value. Raises what the other side raised, and
        `EngineInterrupted` where it is gone. Closing it tells the other side to stop.
        """
        number = next(self._numbers) % (1 << 32)
        news = self._calls[number] = asyncio.Queue()
        if self.lost:
            self._gone()
        self._connection.say(kind, number, body)
        self._asked_at = self._asked_at or time.monotonic()
        ended = False
        try:
            while True:
                said, value = await news.get()
                ended = said is not Kind.CHUNK
                if said is Kind.ERROR:
                    raise error_of_bytes(value)
                if not ended or value:
                    yield value
                if ended:
                    return
        finally:
            del self._calls[number]
            if not ended:
                self._connection.say(Kind.LEAVE, number)

    async def ask(self, kind: Kind) -> bytes:
        """The one value of an answer; empty where there is none."""
        values = [value async for value in self.call(kind)]
        return values[0] if values else b""

    def close(self) -> None:
        self._connection.close()

    def _hear(self, kind: Kind, number: int, body: bytes) -> None:
        self._asked_at = None
        if kind is not Kind.HEARD and (news := self._calls.get(number)) is not None:
            news.put_nowait((kind, body))

    def _gone(self) -> None:
        self.lost = True
        for news in self._calls.values():
            news.put_nowait((Kind.ERROR, _GONE))


_GONE = b'["EngineInterrupted",["The engine stopped before the answer was complete."]]'
