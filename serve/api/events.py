"""Server-sent events: the status line waits for the first one, silence is filled with comments.

As long as nothing has been sent an error is an HTTP error; afterwards it is an event.
(WHATWG HTML, section 9.2, for the format; `[DONE]` is OpenAI's.)
"""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

from serve.api.call import Call, ClientGone
from serve.api.failures import failure_event
from serve.api.progress import PERIOD, Progress, progress_of

CONTENT_TYPE = b"text/event-stream; charset=utf-8"
HEARTBEAT = b": heartbeat\n\n"
DONE = b"data: [DONE]\n\n"


async def send_events(call: Call, events: AsyncGenerator[bytes, None]) -> None:
    """Send `events` as they come, then `[DONE]`. Raises what they raise before the first one."""
    out, progress = EventWriter(call), progress_of(call)
    beside = [asyncio.ensure_future(out.beat(call.house.settings.deadlines.heartbeat))]
    if progress is not None:
        beside.append(asyncio.ensure_future(out.tell(progress)))
    try:
        async with aclosing(events):
            await _send_all(out, events, progress)
    finally:
        for task in beside:
            task.cancel()
            with suppress(asyncio.CancelledError, ClientGone):
                await task


async def _send_all(
    out: "EventWriter", events: AsyncGenerator[bytes, None], progress: Progress | None
) -> None:
    try:
        async for event in events:
            if progress is not None and not progress.over:
                await out.write(progress.answering())
            await out.write(event)
    except ClientGone:
        raise
    except Exception as exc:
        if not out.call.started:
            raise
        await out.write(failure_event(exc, out.call.receipt))
    await out.write(DONE, more=False)


class EventWriter:
    """Writes whole events, the status line before the first. Several tasks may write at a time."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self._quiet = True
        self._turn = asyncio.Lock()

    async def write(self, events: bytes, more: bool = True) -> None:
        async with self._turn:
            await self._write(events, more)

    async def beat(self, period: float) -> None:
        """A comment whenever nothing was written during `period` seconds, for ever."""
        while True:
            await asyncio.sleep(period)
            if self._quiet:
                await self.write(HEARTBEAT)
            self._quiet = True

    async def tell(self, progress: Progress) -> None:
        """Comments on the way, until the first event."""
        while not progress.over:
            await asyncio.sleep(PERIOD)
            async with self._turn:
                if news := progress.news(time.monotonic()):
                    await self._write(news)

    async def _write(self, events: bytes, more: bool = True) -> None:
        self._quiet = False
        await self.call.send_part(events, CONTENT_TYPE, more)
