"""The real vLLM, whose engine core is frozen and then killed in the middle of an answer."""

import asyncio
import signal
import time
from contextlib import suppress

import psutil
import pytest

from models.engine import ChunkStream, Engine
from models.errors import EngineInterrupted, EngineUnavailable
from tests.contracts.engines import NO_VLLM, answer, ask, vllm

pytestmark = [pytest.mark.slow, NO_VLLM]


def core() -> psutil.Process:
    """The process that computes: vLLM gives it this name."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):  # another test's, that has ended
            if "EngineCore" in "".join(process.cmdline()):
                found.append(process)
    (process,) = found
    return process


async def notices(engine: Engine, seconds: float) -> float:
    """How many seconds it takes until `health` raises."""
    began = time.monotonic()
    async with asyncio.timeout(seconds):
        while True:
            try:
                await engine.health()
            except EngineUnavailable:
                return time.monotonic() - began
            await asyncio.sleep(0.05)


async def test_a_core_that_is_frozen_or_dead_is_noticed_by_what_it_does_not_do() -> None:
    engine = vllm()
    try:
        await answer(engine, ask())
        stream = engine.generate(ask("Tell a long story.", max_tokens=400))
        await anext(stream)
        core().send_signal(signal.SIGSTOP)
        assert await notices(engine, 70) > 5
        with pytest.raises(EngineUnavailable):
            await engine.load()
        core().send_signal(signal.SIGCONT)
        await anext(stream)
        await engine.health()
        core().kill()
        with pytest.raises(EngineInterrupted):
            await asyncio.wait_for(rest(stream), 30)
        await notices(engine, 5)
    finally:
        await engine.close()


async def rest(stream: ChunkStream) -> None:
    async for _ in stream:
        pass
