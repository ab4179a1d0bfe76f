"""What vLLM raises, in our words."""

import asyncio
import time
from collections.abc import AsyncIterator
from importlib.util import find_spec

import pytest

from models.errors import EngineDied, EngineInterrupted, GenerationTimeout
from models.vllm.outputs import next_output
from serve.errors import describe

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("vllm") is None, reason="vLLM is not installed"),
]


async def raising(error: Exception) -> AsyncIterator[None]:
    raise error
    yield


async def silent() -> AsyncIterator[None]:
    await asyncio.Event().wait()
    yield


async def test_a_dead_engine_is_told_from_an_answer_that_broke_off() -> None:
    from torch import OutOfMemoryError
    from vllm.v1.engine.exceptions import EngineDeadError, EngineGenerateError

    for error in (
        EngineDeadError(),
        RuntimeError("CUDA error: an illegal memory access"),
        OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
    ):
        with pytest.raises(EngineDied) as died:
            await next_output(raising(error), None)
        assert describe(died.value).code == "engine_interrupted"
        assert "CUDA" not in died.value.message
    with pytest.raises(EngineInterrupted) as interrupted:
        await next_output(raising(EngineGenerateError()), None)
    assert not isinstance(interrupted.value, EngineDied)


async def test_silence_ends_at_the_deadline() -> None:
    with pytest.raises(GenerationTimeout):
        await next_output(silent(), time.monotonic() + 0.05)


async def test_the_end_is_none() -> None:
    async def nothing() -> AsyncIterator[None]:
        return
        yield

    assert await next_output(nothing(), None) is None
