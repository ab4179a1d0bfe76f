"""Server-sent events: the status line waits for the first one, silence is filled with comments.

As long as nothing has been sent an error is an HTTP error; afterwards it is an event.
(WHATWG HTML, section 9.2, for the format; `[DONE]` is OpenAI's.)
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

from serve.api.call import Call, ClientGone
from serve.api.failures import failure_event

CONTENT_TYPE = b"text/event-stream; charset=utf-8"
HEARTBEAT = b": heartbeat\n\n"
DONE = b"data: [DONE]\n\n"


async def send_events(call: Call, events: AsyncGenerator[bytes, None]) -> None:
    """Send `events` as they come, then `[DONE]`. Raises what they raise before the first one."""
    out = EventWriter(call)
    beating = asyncio.ensure_future(out.beat(call.house.settings.deadlines.heartbeat))
    try:
        async with aclosing(events):
            await _send_all(out, events)
    finally:
        beating.cancel()
        with suppress(asyncio.CancelledError, ClientGone):
            await beating


async def _send_all(out: "EventWriter", events: AsyncGenerator[bytes, None]) -> None:
    try:
        async for event in events:
            await out.write(event)
    except ClientGone:
        raise
    except Exception as exc:
        if not out.call.started:
            raise
        await out.write(failure_event(exc, out.call.receipt))
    await out.write(DONE, more=False)


class EventWriter:
    """Writes whole events, the status line before the first. Two tasks may write at a time."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self._quiet = True
        self._turn = asyncio.Lock()

    async def write(self, events: bytes, more: bool = True) -> None:
        async with self._turn:
            self._quiet = False
            await self.call.send_part(events, CONTENT_TYPE, more)

    async def beat(self, period: float) -> None:
        """A comment whenever nothing was written during `period` seconds, for ever."""
        while True:
            await asyncio.sleep(period)
            if self._quiet:
                await self.write(HEARTBEAT)
            self._quiet = True
