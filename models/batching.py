"""Fewer, larger chunks: what a process boundary charges for is the number of messages."""

import asyncio
from contextlib import aclosing

from models.engine import Chunk, ChunkStream, merge


async def in_batches(chunks: ChunkStream, window: float) -> ChunkStream:
    """The first chunk at once, then what came within `window` seconds as one chunk.

    Order, text and the last chunk are as in `chunks`; an error comes after what preceded it.
    """
    arrived = asyncio.Event()
    box: list[Chunk] = []
    pump = asyncio.create_task(_pump(chunks, box, arrived))
    try:
        while True:
            await arrived.wait()
            arrived.clear()
            ended = pump.done()
            batch, box[:] = box[:], []
            if batch:
                yield merge(batch)
            if ended:
                pump.result()
                return
            await asyncio.wait([pump], timeout=window)
    finally:
        pump.cancel()
        await asyncio.gather(pump, return_exceptions=True)


async def _pump(chunks: ChunkStream, box: list[Chunk], arrived: asyncio.Event) -> None:
    task = asyncio.current_task()
    assert task is not None
    task.add_done_callback(lambda _: arrived.set())
    async with aclosing(chunks):
        async for chunk in chunks:
            box.append(chunk)
            arrived.set()
