"""Rows of many requests computed together, a few at a time, in one thread."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from models.errors import EngineError, EngineInterrupted

BATCH_TOKENS: Final = 512
URGENT_RUN: Final = 4  # batches of questions in a row, after which others get one

T = TypeVar("T")
Row = Sequence[int]
Vectors = NDArray[np.float32]
Compute = Callable[[Sequence[Row]], Iterable[T]]


class MicroBatcher(Generic[T]):
    """Requests take turns, row by row, and urgent ones come before all others.

    `compute` gets rows of at most `batch_tokens` together, padding included (or one longer row),
    and gives a value for each. It runs in the batcher's thread, never twice at once. So an urgent
    request waits for one batch at most, unless more urgent ones than `URGENT_RUN` batches wait.
    """

    def __init__(self, compute: Compute[T], batch_tokens: int = BATCH_TOKENS) -> None:
        self._compute = compute
        self._batch_tokens = batch_tokens
        self._thread = ThreadPoolExecutor(1, "microbatch")
        self._urgent: deque[_Job[T]] = deque()
        self._patient: deque[_Job[T]] = deque()
        self._run = 0  # batches of urgent rows since the last of others
        self._worker: asyncio.Task[None] | None = None

    async def vectors(self, rows: Sequence[Row], *, urgent: bool = False) -> list[T]:
        """What was computed for each of `rows` (at least one), in order.

        Raises `EngineInterrupted` when computing failed. Cancelling it drops the rows.
        """
        job: _Job[T] = _Job(rows)
        (self._urgent if urgent else self._patient).append(job)
        self._worker = self._worker or asyncio.create_task(self._work())
        await job.done
        return [job.found[place] for place in range(len(rows))]

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while batch := self._next_batch():
            rows = [job.rows[place] for job, place in batch]
            try:
                found = await loop.run_in_executor(self._thread, self._compute, rows)
            except Exception as exc:  # numerical libraries raise what they like
                _fail(batch, exc)
                continue
            for (job, place), value in zip(batch, found, strict=True):
                job.fill(place, value)
        self._worker = None

    def _next_batch(self) -> list[tuple["_Job[T]", int]]:
        """Urgent rows alone, however few: what would share their batch would delay them."""
        if self._run < URGENT_RUN and (batch := self._taken_from(self._urgent)):
            self._run += 1
            return batch
        self._run = 0
        return self._taken_from(self._patient) or self._taken_from(self._urgent)

    def _taken_from(self, jobs: deque["_Job[T]"]) -> list[tuple["_Job[T]", int]]:
        batch: list[tuple[_Job[T], int]] = []
        longest = 0
        while jobs:
            job = jobs.popleft()
            if job.done.done() or not job.left:
                continue
            longest = max(longest, len(job.rows[job.left[-1]]))
            if batch and longest * (len(batch) + 1) > self._batch_tokens:
                jobs.appendleft(job)
                break
            batch.append((job, job.left.pop()))
            jobs.append(job)
        return batch


class _Job(Generic[T]):
    """One request: the places of its rows still `left` to compute, the shortest last."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows
        self.left = sorted(range(len(rows)), key=lambda place: len(rows[place]), reverse=True)
        self.found: dict[int, T] = {}
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def fill(self, place: int, value: T) -> None:
        self.found[place] = value
        if len(self.found) == len(self.rows) and not self.done.done():
            self.done.set_result(None)


def _fail(batch: Sequence[tuple[_Job[T], int]], cause: Exception) -> None:
    for job, _ in batch:
        if not job.done.done():
            error: EngineError = EngineInterrupted("The embedder failed.")
            error.__cause__ = cause
            job.done.set_exception(error)
