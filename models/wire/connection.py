"""Numbered messages both ways over one connection.

A message is a header (length of the body, number of the call, kind; 9 bytes, big-endian) and a
body. Many calls share the connection; a call's number is its caller's choice.
"""

import asyncio
from collections.abc import Callable
from enum import IntEnum
from struct import Struct
from typing import Final, cast

HEADER: Final = Struct("!IIB")
LONGEST: Final = 256 << 20  # bytes of a body; what is longer is not ours


class Kind(IntEnum):
    """The first five are asked, the others answer."""

    ASK = 1  # a prompt
    LEAVE = 2  # whoever asked has gone
    LOAD = 3
    HEALTH = 4
    WAKE = 5
    CHUNK = 6
    DONE = 7  # of a stream without a body; else with the value
    ERROR = 8
    HEARD = 9  # of a prompt, at once: an answer may take long to begin


Hear = Callable[[Kind, int, bytes], None]


class Connection(asyncio.Protocol):
    """Calls `hear` for every message and `lost` once when nothing will come any more."""

    def __init__(self, hear: Hear, lost: Callable[[], None]) -> None:
        self._hear = hear
        self._lost = lost
        self._rest = bytearray()
        self._transport: asyncio.Transport | None = None
        self._writable = asyncio.Event()
        self._writable.set()

    def say(self, kind: Kind, number: int, body: bytes = b"") -> None:
        """Nothing is sent where the connection is lost: `lost` has been told."""
        if self._transport is not None:
            self._transport.writelines((HEADER.pack(len(body), number, kind), body))

    async def ready(self) -> None:
        """Waits while the other side reads more slowly than this one says."""
        await self._writable.wait()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by its class

    def data_received(self, data: bytes) -> None:
        rest = self._rest
        rest += data
        at = 0
        while len(rest) - at >= HEADER.size:
            length, number, kind = HEADER.unpack_from(rest, at)
            if length > LONGEST:
                self.close()
                return
            end = at + HEADER.size + length
            if len(rest) < end:
                break
            body = bytes(rest[at + HEADER.size : end])
            at = end
            self._hear(Kind(kind), number, body)
        del rest[:at]

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._writable.set()
        self._lost()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()
