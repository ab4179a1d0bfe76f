"""Rows of many requests share batches: each gets its own vectors, and its turn."""

import asyncio
import threading
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import EngineInterrupted
from models.microbatch import URGENT_RUN, MicroBatcher, Row, Vectors


class Spy:
    """A vector is its row's sum; the batches are noted. The first one waits for `go`."""

    def __init__(self, wait: bool = False) -> None:
        self.batches: list[list[Row]] = []
        self.started, self.go = threading.Event(), threading.Event()
        if not wait:
            self.go.set()

    def __call__(self, rows: Sequence[Row]) -> Vectors:
        self.batches.append(list(rows))
        self.started.set()
        assert self.go.wait(30)
        return np.array([[sum(row)] for row in rows], np.float32)


async def busy(spy: Spy, batcher: MicroBatcher[Vectors]) -> asyncio.Task[list[Vectors]]:
    """A first request whose computing has begun: others now wait."""
    first = asyncio.create_task(batcher.vectors([[0]]))
    await asyncio.to_thread(spy.started.wait, 30)
    return first


async def test_each_row_gets_its_own_vector_in_order() -> None:
    batcher = MicroBatcher(Spy())
    rows = [[3, 4, 5], [1], [2, 2]]
    assert [v[0] for v in await batcher.vectors(rows)] == [12, 1, 4]


async def test_requests_that_wait_are_computed_together() -> None:
    spy = Spy(wait=True)
    batcher = MicroBatcher(spy)
    first = await busy(spy, batcher)
    others = [asyncio.create_task(batcher.vectors([[i]])) for i in range(1, 4)]
    await asyncio.sleep(0)
    spy.go.set()
    assert [v[0][0] for v in await asyncio.gather(first, *others)] == [0, 1, 2, 3]
    assert spy.batches == [[[0]], [[1], [2], [3]]]


async def test_a_question_does_not_wait_behind_a_library() -> None:
    spy = Spy(wait=True)
    batcher = MicroBatcher(spy, batch_tokens=4)
    first = await busy(spy, batcher)
    library = asyncio.create_task(batcher.vectors([[1, 1]] * 100))
    await asyncio.sleep(0)
    question = asyncio.create_task(batcher.vectors([[7, 7]]))
    await asyncio.sleep(0)
    spy.go.set()
    await asyncio.gather(first, library, question)
    assert [7, 7] in spy.batches[1]


async def test_an_urgent_row_is_in_the_next_batch_alone() -> None:
    spy = Spy(wait=True)
    batcher = MicroBatcher(spy, batch_tokens=100)
    first = await busy(spy, batcher)
    library = asyncio.create_task(batcher.vectors([[1, 1]] * 200))
    await asyncio.sleep(0)
    question = asyncio.create_task(batcher.vectors([[7, 7]], urgent=True))
    await asyncio.sleep(0)
    spy.go.set()
    await asyncio.gather(first, library, question)
    assert spy.batches[1] == [[7, 7]]


async def test_many_urgent_rows_leave_a_turn_to_the_others() -> None:
    spy = Spy(wait=True)
    batcher = MicroBatcher(spy, batch_tokens=2)
    first = await busy(spy, batcher)
    urgent = asyncio.create_task(batcher.vectors([[7, 7]] * 20, urgent=True))
    other = asyncio.create_task(batcher.vectors([[1, 1]]))
    await asyncio.sleep(0)
    spy.go.set()
    await asyncio.gather(first, urgent, other)
    assert spy.batches.index([[1, 1]]) == 1 + URGENT_RUN


async def test_a_long_row_is_not_overtaken_for_ever() -> None:
    spy = Spy(wait=True)
    batcher = MicroBatcher(spy, batch_tokens=4)
    first = await busy(spy, batcher)
    short = [asyncio.create_task(batcher.vectors([[1]] * 50))]
    await asyncio.sleep(0)
    long = asyncio.create_task(batcher.vectors([[9] * 100]))
    await asyncio.sleep(0)
    spy.go.set()
    await asyncio.gather(first, long, *short)
    assert [[9] * 100] in spy.batches[:4]


async def test_a_cancelled_request_is_dropped() -> None:
    spy = Spy(wait=True)
    batcher = MicroBatcher(spy)
    first = await busy(spy, batcher)
    doomed = asyncio.create_task(batcher.vectors([[5]]))
    kept = asyncio.create_task(batcher.vectors([[6]]))
    await asyncio.sleep(0)
    doomed.cancel()
    await asyncio.sleep(0)
    spy.go.set()
    await asyncio.gather(first, kept)
    assert spy.batches == [[[0]], [[6]]]


async def test_a_failure_concerns_its_batch_only() -> None:
    def compute(rows: Sequence[Row]) -> Vectors:
        if any(13 in row for row in rows):
            raise RuntimeError("a detail nobody needs")
        return np.zeros((len(rows), 1), np.float32)

    batcher = MicroBatcher(compute)
    with pytest.raises(EngineInterrupted) as failed:
        await batcher.vectors([[13]])
    assert "detail" not in failed.value.message
    assert len(await batcher.vectors([[1]])) == 1


requests = st.lists(
    st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=9), min_size=1, max_size=6),
    min_size=1,
    max_size=6,
)


@given(asked=requests, budget=st.integers(1, 30), urgent=st.integers(0, 63))
async def test_whatever_shares_a_batch_nothing_is_mixed_up(asked, budget, urgent) -> None:
    spy = Spy()
    batcher = MicroBatcher(spy, budget)
    answers = await asyncio.gather(
        *(batcher.vectors(rows, urgent=bool(urgent >> i & 1)) for i, rows in enumerate(asked))
    )
    for rows, vectors in zip(asked, answers, strict=True):
        assert [v[0] for v in vectors] == [sum(row) for row in rows]
    for batch in spy.batches:
        assert len(batch) == 1 or len(batch) * max(map(len, batch)) <= budget
