"""Fewer chunks, the same answer."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.batching import in_batches
from models.engine import Chunk, ChunkStream, Usage, merge
from models.errors import EngineInterrupted


async def stream(
    *texts: str, wait: asyncio.Event | None = None, error: Exception | None = None
) -> ChunkStream:
    for position, text in enumerate(texts):
        if position == 1 and wait:
            await wait.wait()
        last = position == len(texts) - 1 and error is None
        usage = Usage(1, len(texts)) if last else None
        yield Chunk(text, 1, finish_reason="stop" if last else None, usage=usage)
    if error:
        raise error


async def test_the_first_chunk_does_not_wait_for_the_second() -> None:
    gate = asyncio.Event()
    batches = in_batches(stream("a", "b", wait=gate), window=60)
    assert (await anext(batches)).text == "a"
    gate.set()
    assert (await anext(batches)).text == "b"


@settings(deadline=None)
@given(st.lists(st.text(max_size=3), min_size=1, max_size=20))
async def test_batching_changes_nothing_but_the_cuts(texts: list[str]) -> None:
    batches = [c async for c in in_batches(stream(*texts), window=0.0)]
    whole = merge(batches)
    assert whole.text == "".join(texts)
    assert whole.tokens == len(texts)
    assert whole.usage == Usage(1, len(texts))
    assert [c.finish_reason for c in batches[:-1]] == [None] * (len(batches) - 1)


async def test_an_error_comes_after_what_preceded_it() -> None:
    batches = in_batches(stream("a", error=EngineInterrupted("Gone.")), 0.0)
    assert (await anext(batches)).text == "a"
    with pytest.raises(EngineInterrupted):
        await anext(batches)


async def test_closing_early_closes_the_source() -> None:
    closed = asyncio.Event()

    async def endless() -> ChunkStream:
        try:
            while True:
                yield Chunk("x", 1)
                await asyncio.sleep(0)
        finally:
            closed.set()

    batches = in_batches(endless(), window=0.0)
    await anext(batches)
    await batches.aclose()
    assert closed.is_set()
