"""The engine of a tier without the appliance around it, behind the barest server."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from models.catalogue import build_engine
from serve.bench.bare_server import bare_server
from serve.bench.target import Target, TargetRefused
from serve.config import Settings
from serve.specs import engine_spec

START_DEADLINE = 900.0  # seconds
STOP_DEADLINE = 30.0


@contextmanager
def engine_alone(settings: Settings, tier: str) -> Iterator[Target]:
    """On an event loop and thread of its own. Raises `TargetRefused`."""
    if tier not in settings.tiers:
        known = ", ".join(settings.tiers)
        raise TargetRefused(f"The configuration has no tier {tier}. It has: {known}.")
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="engine alone", daemon=True)
    thread.start()
    served = _Served(settings, tier)
    try:
        yield asyncio.run_coroutine_threadsafe(served.start(), loop).result(START_DEADLINE)
    finally:
        asyncio.run_coroutine_threadsafe(served.stop(), loop).result(STOP_DEADLINE)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(STOP_DEADLINE)
        loop.close()


class _Served:
    """Started and stopped in one task, as its context managers want."""

    def __init__(self, settings: Settings, tier: str) -> None:
        self._settings = settings
        self._tier = tier
        self._wanted = asyncio.Event()
        self._ready: asyncio.Future[Target] | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> Target:
        self._ready = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._serve(self._ready))
        return await self._ready

    async def stop(self) -> None:
        self._wanted.set()
        if self._task is not None:
            await self._task

    async def _serve(self, ready: "asyncio.Future[Target]") -> None:
        spec = engine_spec(self._settings, self._settings.tiers[self._tier])
        try:
            engine = await asyncio.to_thread(build_engine, spec)
        except Exception as exc:  # the one who waits must hear of whatever went wrong
            ready.set_exception(exc)
            return
        try:
            async with bare_server(engine, f"{self._tier} alone") as target:
                ready.set_result(target)
                await self._wanted.wait()
        finally:
            await engine.close()
