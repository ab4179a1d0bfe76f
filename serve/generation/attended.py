"""An engine that says nothing is asked whether it is there.

A process that is frozen, or whose engine got stuck, ends no stream by itself: its deadline does,
minutes later. Asking it costs nothing while chunks come.
"""

import asyncio
from contextlib import aclosing
from math import inf
from typing import Final

from models.engine import Chunk, ChunkStream, Engine, Prompt
from models.errors import EngineError, EngineInterrupted, EngineUnavailable, GenerationTimeout

SILENCE: Final = 2.0  # seconds without a chunk until the engine is asked
HASTE: Final = 2.0  # seconds that it has to answer when nothing is lost by asking somebody else
ANSWER: Final = 8.0  # the same when it is
LEAST: Final = 0.1  # seconds between two looks at a deadline that passed while nobody waited


async def attended(engine: Engine, prompt: Prompt, recovery: float) -> ChunkStream:
    """The engine's chunks, as long as it is well.

    Raises what its health says, as an interruption after the first chunk, and `GenerationTimeout`
    at the prompt's deadline. A patient prompt gives an engine that has not begun `recovery`
    seconds: it may be in the middle of being replaced.
    """
    attendant = _Attendant(engine, prompt, recovery)
    try:
        async with aclosing(engine.generate(prompt)) as chunks:
            while (chunk := await attendant.next(chunks)) is not None:
                yield chunk
    finally:
        attendant.leave()


class _Attendant:
    """`_waiting` is the task that waits for the next chunk of the stream, while it does.

    One timer per stream watches over all of its waits: a scope with a timeout around each would
    cost more than most chunks do.
    """

    def __init__(self, engine: Engine, prompt: Prompt, recovery: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._engine = engine
        self._due = inf if prompt.timeout is None else self._loop.time() + prompt.timeout
        self._period = recovery if prompt.patient else SILENCE
        self._answer = ANSWER if prompt.patient else HASTE
        self._begun = False
        self._since = self._loop.time()
        self._waiting: asyncio.Task[object] | None = None
        self._error: EngineError | None = None
        self._looking: asyncio.Task[None] | None = None
        self._timer = self._loop.call_at(self._next_ring(self._since), self._ring)

    async def next(self, chunks: ChunkStream) -> Chunk | None:
        """The next chunk, None at the end."""
        self._since = self._loop.time()
        self._waiting = task = asyncio.current_task()
        try:
            chunk = await anext(chunks, None)
        except asyncio.CancelledError:
            if self._error is None or (task is not None and task.uncancel()):
                raise
            raise self._error from None
        finally:
            self._waiting = None
        if not self._begun:
            self._go_on()
        return chunk

    def leave(self) -> None:
        self._timer.cancel()
        if self._looking is not None:
            self._looking.cancel()

    def _go_on(self) -> None:
        """From the first chunk on, an answer is lost that is given up."""
        self._begun, self._period, self._answer = True, SILENCE, ANSWER
        self._timer.cancel()
        self._timer = self._loop.call_at(self._next_ring(self._loop.time()), self._ring)

    def _next_ring(self, silent_since: float) -> float:
        return min(silent_since + self._period, max(self._due, self._loop.time() + LEAST))

    def _ring(self) -> None:
        """Look, if nothing has come for a period; else ring when that will be so."""
        now = self._loop.time()
        since = now if self._waiting is None else self._since
        if self._waiting is not None and now >= self._due:
            self._end_wait(GenerationTimeout("The answer did not come before its deadline."))
            return
        if now >= since + self._period:
            since = now
            if self._looking is None or self._looking.done():
                self._looking = asyncio.create_task(self._look(self._since))
        self._timer = self._loop.call_at(self._next_ring(since), self._ring)

    async def _look(self, since: float) -> None:
        """End the wait that began at `since`, unless the engine is well or the wait is over."""
        error: EngineError
        try:
            async with asyncio.timeout(self._answer):
                await self._engine.health()
            return
        except EngineError as exc:
            error = exc
        except TimeoutError:
            error = EngineUnavailable("The engine does not answer at present.")
        if self._begun:
            error = EngineInterrupted("The engine stopped before the answer was complete.")
        if self._since == since:
            self._end_wait(error)

    def _end_wait(self, error: EngineError) -> None:
        if self._waiting is not None and self._error is None:
            self._error = error
            self._waiting.cancel()
