"""How engines end: closed, or frozen and then killed in the middle of an answer.

The last file here, so that the engines that end are those that the others have used.
"""

import asyncio
import signal
import time
from contextlib import suppress
from typing import Any

import psutil
import pytest

from models.engine import ChunkStream, Engine
from models.errors import EngineInterrupted, EngineUnavailable
from tests.contracts.engines import FAST, NO_VLLM, REAL, answer, ask

pytestmark = pytest.mark.asyncio(loop_scope="session")


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


async def rest(stream: ChunkStream) -> None:
    async for _ in stream:
        pass


@pytest.mark.slow
@NO_VLLM
async def test_a_core_that_is_frozen_or_dead_is_noticed_by_what_it_does_not_do(
    engines: Any,
) -> None:
    engine = engines.take("vllm")
    try:
        await answer(engine, ask())
        stream = engine.generate(ask("Tell a long story.", max_tokens=400))
        await anext(stream)
        core().send_signal(signal.SIGSTOP)
        assert await notices(engine, 90) > 5
        with pytest.raises(EngineUnavailable):
            await engine.load()
        core().send_signal(signal.SIGCONT)
        await anext(stream)
        await engine.health()
        core().kill()
        with pytest.raises(EngineInterrupted):
            await asyncio.wait_for(rest(stream), 30)
        await notices(engine, 30)
    finally:
        await engine.close()


@pytest.mark.parametrize("kind", [*FAST, *REAL])
async def test_closing_the_engine_ends_its_streams(engines: Any, kind: str) -> None:
    engine = engines.take(kind)
    await engine.health()
    stream = engine.generate(ask(max_tokens=200))
    await anext(stream)
    await engine.close()
    with pytest.raises(EngineInterrupted):
        await rest(stream)
    with pytest.raises(EngineUnavailable):
        await engine.health()
    with pytest.raises(EngineUnavailable):
        await answer(engine, ask())
