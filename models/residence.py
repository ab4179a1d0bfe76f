"""An engine that loads beside the start of its process, sleeps when nobody asks, and wakes.

Its process is up at once and says how the model is: a model that loads for minutes, or cannot
be loaded at all, delays and ends nothing else.
"""

import asyncio
import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from models.engine import ChunkStream, Engine, ModelCard, Prompt
from models.errors import EngineError, EngineNotLoaded, GenerationTimeout, ModelRefused
from models.load import Load

UNKNOWN_LOADING_TIME = 60.0  # seconds, until one load has been timed
GRACE = 5.0  # seconds to add to what the last load took


@dataclass(slots=True)
class Course:
    """Of a load that takes several tries: `news` of it, and whether it was `ended` meanwhile."""

    news: str = ""
    ended: threading.Event = field(default_factory=threading.Event)


class Resident:
    """`build` makes the engine, in a thread. `idle` seconds without a request put it to sleep.

    It is polled through `load`: that is when it notices that nobody asks any more. A `build` that
    tries more than once tells and asks `course`.
    """

    def __init__(
        self,
        card: ModelCard,
        build: Callable[[], Engine],
        idle: float | None = None,
        course: Course | None = None,
    ) -> None:
        self._card = card
        self._course = course or Course()
        self._build = build
        self._idle = math.inf if idle is None else idle
        self._open = 0
        self._used_at = time.monotonic()
        self._load_began = time.monotonic()
        self._load_took = UNKNOWN_LOADING_TIME
        self._loading: Future[Engine] | None = None
        self._closing: asyncio.Task[None] | None = None
        self.wake()

    @property
    def card(self) -> ModelCard:
        engine = self._ready()
        return engine.card if engine else self._card

    def wake(self) -> None:
        """Begin to load, unless that was done."""
        if self._loading is None and self._closing is None:
            self._load_began = self._used_at = time.monotonic()
            self._course.news = ""
            self._loading = Future()
            threading.Thread(target=self._fill, args=(self._loading,), daemon=True).start()

    def _fill(self, loading: "Future[Engine]") -> None:
        loading.set_running_or_notify_cancel()
        try:
            engine = self._build()
        except BaseException as exc:
            loading.set_exception(exc)
        else:
            self._used_at = time.monotonic()
            self._load_took = self._used_at - self._load_began
            loading.set_result(engine)

    async def generate(self, prompt: Prompt) -> ChunkStream:
        """Waits for a model that is loading, and wakes one that sleeps."""
        self._open += 1
        try:
            waited = time.monotonic()
            engine = await self._loaded(prompt)
            left = _less(prompt.timeout, time.monotonic() - waited)
            async with aclosing(engine.generate(replace(prompt, timeout=left))) as chunks:
                async for chunk in chunks:
                    yield chunk
        finally:
            self._open -= 1
            self._used_at = time.monotonic()

    async def load(self) -> Load:
        """Raises `EngineNotLoaded` with the state of the model."""
        engine = self._ready()
        if engine is None:
            raise self._not_loaded()
        if not self._open and time.monotonic() - self._used_at > self._idle:
            await self._sleep(engine)
            raise self._not_loaded()
        return await engine.load()

    async def health(self) -> None:
        """Raises `EngineNotLoaded` while that is not the engine's own fault."""
        engine = self._ready()
        if engine is None:
            raise self._not_loaded()
        await engine.health()

    async def close(self) -> None:
        self._course.ended.set()
        engine = self._ready()
        if engine is not None:
            await engine.close()

    async def _loaded(self, prompt: Prompt) -> Engine:
        if self._closing is not None:
            await asyncio.shield(self._closing)
        self.wake()
        assert self._loading is not None
        if not self._loading.done() and not prompt.patient:
            raise self._not_loaded()
        if (failed := self._failure()) is not None:
            raise failed
        try:
            async with asyncio.timeout(prompt.timeout):
                return await asyncio.shield(asyncio.wrap_future(self._loading))
        except TimeoutError as exc:
            raise GenerationTimeout("The model was not loaded before the deadline.") from exc
        except Exception as exc:
            raise self._not_loaded() from exc

    async def _sleep(self, engine: Engine) -> None:
        async def closed() -> None:
            await engine.close()
            self._loading = self._closing = None

        self._closing = asyncio.create_task(closed())
        await asyncio.shield(self._closing)

    def _ready(self) -> Engine | None:
        if self._closing or not self._loading or not self._loading.done():
            return None
        return None if self._loading.exception() else self._loading.result()

    def _failure(self) -> EngineNotLoaded | None:
        """What ended the loading for good, in words for the owner."""
        if not self._loading or not self._loading.done():
            return None
        exc = self._loading.exception()
        if exc is None:
            return None
        if isinstance(exc, EngineNotLoaded):
            return EngineNotLoaded(*exc.args)
        reason = exc.message if isinstance(exc, EngineError) else "It failed while it was loading."
        return EngineNotLoaded(reason, UNKNOWN_LOADING_TIME, "failed")

    def _not_loaded(self) -> EngineNotLoaded:
        if failed := self._failure():
            return failed
        if self._loading is None or self._closing is not None:
            return EngineNotLoaded("The model sleeps until it is needed.", 1.0, "asleep")
        news = self._course.news or "The model is loading."
        left = self._load_took + GRACE - (time.monotonic() - self._load_began)
        return EngineNotLoaded(news, max(1.0, left), "loading")


def refused(card: ModelCard, why: ModelRefused) -> Resident:
    """An engine whose model cannot be loaded, and that says `why`."""

    def build() -> Engine:
        raise why

    return Resident(card, build)


def _less(timeout: float | None, spent: float) -> float | None:
    return None if timeout is None else max(0.0, timeout - spent)
