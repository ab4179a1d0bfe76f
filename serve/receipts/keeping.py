"""Receipts, written to their file behind the back of whoever answers.

One thread does it, in batches. A file that is locked, full or damaged delays or loses receipts,
which is counted and told, and fails no request.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import apsw
from prometheus_client import Counter

from models.sqlite_file import DatabaseRefused
from serve.receipts.receipt_file import ReceiptFile, Row
from serve.sections.receipts import ReceiptSettings

LOG: Final = logging.getLogger("hearth.keeping")

MOST: Final = 20_000  # receipts that wait; with the file out of reach, some seconds of a full load
BATCH: Final = 1000  # written at once
GATHER: Final = 0.1  # seconds in which they are gathered
TIDY: Final = 60.0  # seconds between looks for what is too old or too much
DAY: Final = 86_400
RETRY: Final = 2.0  # seconds after a batch that could not be written
_TROUBLE: Final = (apsw.Error, DatabaseRefused, OSError)
_BROKEN: Final = (apsw.CorruptError, apsw.NotADBError)


@dataclass(frozen=True, slots=True)
class Standing:
    """`lost`: receipts that came to nothing; `trouble`: why nothing is written at present."""

    waiting: int
    written: int
    lost: int
    trouble: str | None


class Keeping:
    """To the file `path`. `clock` gives unix seconds; `keep` is for one thread, all else for any.

    What `settle` has returned True for is in the file.
    """

    def __init__(
        self, path: Path, settings: ReceiptSettings, clock: Callable[[], float] = time.time
    ) -> None:
        self._path, self._settings, self._clock = path, settings, clock
        self._waiting: deque[Row] = deque()
        self._file: ReceiptFile | None = None
        self._wake = threading.Event()
        self._closed = threading.Event()
        self._hurry = threading.Event()
        self._round = threading.Condition()
        self._taken = self._written = self._lost = 0
        self._told = 0  # of those that were lost
        self._trouble: str | None = None
        self._tidy_at = 0.0  # of the monotonic clock
        self._counter = Counter("hearth_receipts_lost", "Receipts not kept.", registry=None)
        self._thread = threading.Thread(target=self._run, name="hearth-receipts", daemon=True)
        self._thread.start()

    def keep(self, row: Row) -> None:
        """Takes a few microseconds whatever the file is doing, and never fails."""
        if len(self._waiting) >= MOST:
            self._lost += 1
            return
        self._waiting.append(row)
        self._taken += 1
        if not self._wake.is_set():
            self._wake.set()

    @property
    def standing(self) -> Standing:
        return Standing(len(self._waiting), self._written, self._lost, self._trouble)

    def settle(self, timeout: float) -> bool:
        """Whether all that was kept before is in the file, after `timeout` seconds at most."""
        goal = self._taken
        self._hurry.set()
        self._wake.set()
        with self._round:
            return self._round.wait_for(lambda: self._has(goal), timeout)

    def close(self, timeout: float = 5.0) -> None:
        """What cannot be written in time is lost."""
        self._closed.set()
        self._hurry.set()
        self._wake.set()
        self._thread.join(timeout)

    def _has(self, goal: int) -> bool:
        return self._file is not None and self._written >= goal

    def _run(self) -> None:
        done = False
        while not done:
            self._wake.wait(TIDY)
            self._hurry.wait(GATHER)
            self._wake.clear()
            self._hurry.clear()
            done = self._closed.is_set()
            if not self._write_all():
                done = self._closed.wait(RETRY)
            self._tell_lost()
        self._lost += len(self._waiting)
        self._tell_lost()
        if self._file is not None:
            self._file.close()

    def _write_all(self) -> bool:
        """Whether it went well."""
        try:
            file = self._opened()
            while batch := list(islice(self._waiting, BATCH)):
                self._add(file, batch)
            if time.monotonic() >= self._tidy_at:
                self._tidy_at = time.monotonic() + TIDY
                self._tidy(file)
        except _TROUBLE as exc:
            self._failed(exc)
            return False
        if self._trouble is not None:
            LOG.warning("Receipts are written again.")
            self._trouble = None
        return True

    def _tidy(self, file: ReceiptFile) -> None:
        days, text_days = self._settings.days, min(self._settings.days, self._settings.text_days)
        now = self._clock()
        file.tidy(now - days * DAY, self._settings.bytes, now - text_days * DAY)

    def _add(self, file: ReceiptFile, batch: list[Row]) -> None:
        """What the file has already, because a commit failed and was kept nevertheless, is over."""
        with suppress(apsw.ConstraintError):
            file.add(batch)
        for _ in batch:
            self._waiting.popleft()
        with self._round:
            self._written += len(batch)
            self._round.notify_all()

    def _opened(self) -> ReceiptFile:
        if self._file is not None and not self._file.is_current:
            self._file.close()
            self._file = None
        if self._file is None:
            file = ReceiptFile(self._path)
            with self._round:
                self._file = file
                self._round.notify_all()
        return self._file

    def _failed(self, exc: Exception) -> None:
        """Told once, until it is well again. What could not be written waits on."""
        if isinstance(exc, _BROKEN) and self._file is not None:
            with suppress(OSError):
                self._file.set_aside("it is damaged")
            self._file = None
        elif self._trouble is None:
            LOG.error("Receipts cannot be written at present: %s", exc)
        self._trouble = str(exc)
        self._wake.set()

    def _tell_lost(self) -> None:
        if (lost := self._lost - self._told) > 0:
            self._told += lost
            self._counter.inc(lost)
            LOG.error("%d receipts were lost: their file could not be written.", lost)
