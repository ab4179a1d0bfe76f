"""The way of a request, once, without coming back.

    2 authenticate        `Keys.authenticate`, before the body is read (called by the API)
    7 choose the tier     the named model's tier
    9 generate            retried while nothing of the answer has gone out
   10 observe             every chunk is noted in the receipt

Steps 3-6 and 8 (limits, screening, caches, retrieval, admission) take their places between
these as they are built. Steps return a value or raise; nothing calls an earlier step.
"""

import asyncio
import time
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace

from models.engine import Chunk, ChunkStream, Engine, Prompt
from models.errors import EngineInterrupted, EngineUnavailable, GenerationTimeout
from serve.config import Settings
from serve.errors import NotFound
from serve.receipt import Attempt, Receipt

RETRYABLE = (EngineInterrupted, EngineUnavailable)


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asked for. `prompts` has one entry per choice, in order of index."""

    model: str
    prompts: tuple[Prompt, ...]
    stream: bool


class Pipeline:
    """Answers requests with the engines of `tiers` (by tier name)."""

    def __init__(self, settings: Settings, tiers: Mapping[str, Engine]) -> None:
        self._settings = settings
        self._tiers = tiers

    def choose(self, model: str) -> str:
        """The tier that answers for `model`. Raises `NotFound`."""
        for tier, settings in self._settings.tiers.items():
            if model in (settings.model, tier):
                return tier
        raise NotFound(
            f"The model {model[:64]!r} does not exist.", param="model", code="model_not_found"
        )

    async def answer(self, request: Request, receipt: Receipt) -> ChunkStream:
        """Chunks of all choices, told apart by `index`, as they come."""
        with receipt.step("route"):
            tier = self.choose(request.model)
        receipt.model = self._settings.tiers[tier].model
        receipt.tier, receipt.reason, receipt.stream = tier, "named", request.stream
        with receipt.step("generate"):
            streams = [self._generate(tier, p, request.stream, receipt) for p in request.prompts]
            async with aclosing(interleave(streams)) as chunks:
                async for chunk in chunks:
                    receipt.saw(chunk)
                    yield chunk

    async def _generate(
        self, tier: str, prompt: Prompt, stream: bool, receipt: Receipt
    ) -> ChunkStream:
        """Try until an attempt delivers: its first chunk when streaming, else all of it."""
        deadline = time.monotonic() + (prompt.timeout or self._settings.deadlines.answer)
        for left in reversed(range(self._settings.retry.attempts)):
            attempt, start = Attempt(tier, 0.0), time.perf_counter()
            receipt.attempts.append(attempt)
            sent = False
            try:
                timed = replace(prompt, timeout=_left(deadline), whole=not stream)
                async with aclosing(self._tiers[tier].generate(timed)) as chunks:
                    async for chunk in chunks if stream else held_back(chunks):
                        sent = True
                        yield chunk
                return
            except RETRYABLE as exc:
                attempt.error = type(exc).__name__
                if sent or not left:
                    raise
            finally:
                attempt.ms = (time.perf_counter() - start) * 1000


async def held_back(chunks: ChunkStream) -> ChunkStream:
    """Yields nothing before the whole of `chunks` has come."""
    for chunk in [chunk async for chunk in chunks]:
        yield chunk


async def interleave(streams: list[ChunkStream]) -> ChunkStream:
    """The chunks of several choices as they come, each with its stream's position as index.

    The first error ends them all; closing early closes every stream.
    """
    if len(streams) == 1:
        async with aclosing(streams[0]) as only:
            async for chunk in only:
                yield chunk
        return
    pending = {asyncio.ensure_future(anext(s, None)): i for i, s in enumerate(streams)}
    try:
        while pending:
            for index, chunk in await _next_chunks(pending):
                yield replace(chunk, index=index)
                pending[asyncio.ensure_future(anext(streams[index], None))] = index
    finally:
        await _close_all(list(pending), streams)


async def _next_chunks(pending: dict[asyncio.Task[Chunk | None], int]) -> list[tuple[int, Chunk]]:
    """What came first, taken out of `pending` with its index; a stream's end counts for nothing."""
    done, _ = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
    came = [(task, task.result()) for task in done]  # an error leaves `pending` as it is
    chunks = [(pending.pop(task), chunk) for task, chunk in came]
    return [(index, chunk) for index, chunk in chunks if chunk is not None]


async def _close_all(pending: list[asyncio.Task[Chunk | None]], streams: list[ChunkStream]) -> None:
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    await asyncio.gather(*(s.aclose() for s in streams), return_exceptions=True)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise GenerationTimeout("The answer did not come before its deadline.")
    return left
