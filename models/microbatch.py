"""Rows of many requests computed together, a few at a time, in one thread."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.errors import EngineError, EngineInterrupted

BATCH_TOKENS: Final = 1024

Row = Sequence[int]
Vectors = NDArray[np.float32]
Compute = Callable[[Sequence[Row]], Vectors]


class MicroBatcher:
    """Requests take turns, row by row, so that a question does not wait behind a library.

    `compute` gets rows of at most `batch_tokens` together, padding included (or one longer row),
    and gives a vector for each. It runs in the batcher's thread, never twice at once.
    """

    def __init__(self, compute: Compute, batch_tokens: int = BATCH_TOKENS) -> None:
        self._compute = compute
        self._batch_tokens = batch_tokens
        self._thread = ThreadPoolExecutor(1, "microbatch")
        self._jobs: deque[_Job] = deque()
        self._worker: asyncio.Task[None] | None = None

    async def vectors(self, rows: Sequence[Row]) -> list[NDArray[np.float32]]:
        """One vector for each of `rows` (at least one), in order.

        Raises `EngineInterrupted` when computing failed. Cancelling it drops the rows.
        """
        job = _Job(rows)
        self._jobs.append(job)
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
            for (job, place), vector in zip(batch, found, strict=True):
                job.fill(place, vector)
        self._worker = None

    def _next_batch(self) -> list[tuple["_Job", int]]:
        batch: list[tuple[_Job, int]] = []
        longest = 0
        while self._jobs:
            job = self._jobs.popleft()
            if job.done.done() or not job.left:
                continue
            longest = max(longest, len(job.rows[job.left[-1]]))
            if batch and longest * (len(batch) + 1) > self._batch_tokens:
                self._jobs.appendleft(job)
                break
            batch.append((job, job.left.pop()))
            self._jobs.append(job)
        return batch


class _Job:
    """One request: the places of its rows still `left` to compute, the shortest last."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows
        self.left = sorted(range(len(rows)), key=lambda place: len(rows[place]), reverse=True)
        self.found: dict[int, NDArray[np.float32]] = {}
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def fill(self, place: int, vector: NDArray[np.float32]) -> None:
        self.found[place] = vector
        if len(self.found) == len(self.rows) and not self.done.done():
            self.done.set_result(None)


def _fail(batch: Sequence[tuple[_Job, int]], cause: Exception) -> None:
    for job, _ in batch:
        if not job.done.done():
            error: EngineError = EngineInterrupted("The embedder failed.")
            error.__cause__ = cause
            job.done.set_exception(error)
