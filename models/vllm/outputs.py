"""vLLM's outputs as they come, and what it raises in the words of `models.errors`."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Final

from models.errors import EngineDied, EngineInterrupted, GenerationTimeout

if TYPE_CHECKING:
    from vllm.outputs import RequestOutput

BROKEN_OFF: Final = "The engine stopped before the answer was complete."


async def next_output(
    outputs: "AsyncIterator[RequestOutput]", deadline: float | None
) -> "RequestOutput | None":
    """The next one, None at the end. `deadline` is of `time.monotonic()`.

    Raises `GenerationTimeout`, `EngineInterrupted` when this answer alone broke off, and
    `EngineDied` when the engine's processes have ended or CUDA failed, after which no call of it
    succeeds any more.
    """
    from vllm.v1.engine.exceptions import EngineDeadError, EngineGenerateError

    left = None if deadline is None else max(0.0, deadline - time.monotonic())
    try:
        async with asyncio.timeout(left):
            return await anext(outputs, None)
    except TimeoutError as exc:
        raise GenerationTimeout("The answer did not come before its deadline.") from exc
    except EngineGenerateError as exc:
        raise EngineInterrupted(BROKEN_OFF) from exc
    except (EngineDeadError, RuntimeError) as exc:
        raise EngineDied(BROKEN_OFF) from exc
