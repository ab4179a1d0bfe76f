"""The choices of one answer (`n`, or several prompts), generated side by side."""

import asyncio
from contextlib import aclosing
from dataclasses import replace

from models.engine import Chunk, ChunkStream


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
