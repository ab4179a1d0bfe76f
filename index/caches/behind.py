"""Kept answers, written to their file behind the back of whoever answers.

The file mirrors what is kept in memory: what comes there is written, what goes there is deleted.
One thread does it. A file that is locked, full or broken costs that answers outlive a restart, and
nothing else.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import apsw

from index.caches.answer_file import AnswerFile, Row, set_aside
from index.caches.memory import Standing
from index.caches.sealed import Sealed
from models.sqlite_file import DatabaseRefused

LOG: Final = logging.getLogger("hearth.cache")

CHANGES: Final = 10_000  # that wait at most
TIDY: Final = 60.0  # seconds between looks for what is too old
RETRY: Final = 5.0  # seconds after a change that could not be written
_BROKEN: Final = (apsw.CorruptError, apsw.NotADBError)


@dataclass(frozen=True, slots=True)
class _Batch:
    """What is written at once. `changes` by key; None: to be deleted."""

    changes: Mapping[bytes, Row | None]
    anew: bool
    untidy: bool


class Behind:
    """`most` bytes on disk and, while they wait to be written, a fourth of that in memory.

    When more waits, or the file could not be read, it begins anew with what is kept from then on:
    it must never know an answer that is gone from memory.
    """

    def __init__(
        self, path: Path, most: int, ttl: float, clock: Callable[[], float] = time.time
    ) -> None:
        self._path, self._most, self._ttl, self._clock = path, most, ttl, clock
        self._file: AnswerFile | None = None
        self._changed = threading.Condition()
        self._waiting: dict[bytes, Row | None] = {}  # None: to be deleted
        self._bytes = 0
        self._anew = False
        self._writing = False
        self._closed = False
        self._untidy = False
        self._tidy_at = 0.0  # of the monotonic clock
        self._trouble: str | None = None
        self._thread = threading.Thread(target=self._run, name="hearth-cache", daemon=True)

    def load(self) -> list[tuple[Sealed, float]]:
        """What an earlier process kept, with ages in seconds, oldest first; to be called once,
        before all else.
        """
        found, now = [], self._clock()
        try:
            for row in self._opened().rows(now, self._ttl):
                found.append((row.sealed, max(0.0, now - row.made_at)))
        except (apsw.Error, DatabaseRefused, OSError) as exc:
            self._anew = True
            self._failed(exc)
        self._thread.start()
        return found

    def put(self, sealed: Sealed) -> None:
        row = Row(sealed, self._clock())
        self._change(sealed.key, row, row.size)

    def drop(self, key: bytes) -> None:
        self._change(key, None, 0)

    @property
    def standing(self) -> Standing:
        with self._changed:
            return Standing(len(self._waiting), self._trouble)

    def settle(self, timeout: float) -> bool:
        """Whether all is written, and no trace is left of what went, after waiting for it for
        `timeout` seconds at most.
        """
        with self._changed:
            self._untidy = True
            self._changed.notify_all()
            return self._changed.wait_for(self._is_settled, timeout)

    def close(self, timeout: float = 5.0) -> None:
        """What cannot be written in time is lost."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join(timeout)

    def _is_settled(self) -> bool:
        return not (self._waiting or self._anew or self._untidy or self._writing)

    def _change(self, key: bytes, row: Row | None, size: int) -> None:
        with self._changed:
            before = self._waiting.get(key)
            self._waiting[key] = row
            self._bytes += size - (before.size if before else 0)
            if len(self._waiting) > CHANGES or self._bytes > self._most // 4:
                self._forget()
            self._changed.notify_all()

    def _forget(self) -> None:
        self._waiting, self._bytes, self._anew = {}, 0, True

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(self._has_work, TIDY)
                if self._closed and self._is_settled():
                    break
                batch = _Batch(self._waiting, self._anew, self._untidy)
                self._waiting, self._bytes, self._writing = {}, 0, True
                self._anew = self._untidy = False
            failed = self._fails(batch)
            with self._changed:
                self._writing = False
                self._changed.notify_all()
                if failed and (self._closed or self._changed.wait_for(lambda: self._closed, RETRY)):
                    break
        if self._file is not None:
            self._file.close()

    def _has_work(self) -> bool:
        return bool(self._waiting or self._anew or self._untidy or self._closed)

    def _fails(self, batch: _Batch) -> bool:
        try:
            self._write(batch)
        except (apsw.Error, DatabaseRefused, OSError) as exc:
            self._again(batch, exc)
            return True
        return False

    def _write(self, batch: _Batch) -> None:
        file = self._opened()
        if batch.anew:
            file.empty()
        gone = [key for key, row in batch.changes.items() if row is None]
        file.change([row for row in batch.changes.values() if row is not None], gone)
        if batch.untidy or time.monotonic() >= self._tidy_at:
            self._tidy_at = time.monotonic() + TIDY
            file.tidy(self._clock() - self._ttl)
        if self._trouble is not None:
            LOG.warning("Kept answers are written to their file again.")
            self._trouble = None

    def _again(self, batch: _Batch, exc: Exception) -> None:
        """What was not written waits on; what the file has no room for is not to be in it."""
        with self._changed:
            self._anew |= batch.anew
            self._untidy |= batch.untidy
            full = isinstance(exc, apsw.FullError)
            for key, row in batch.changes.items():
                self._waiting.setdefault(key, None if full else row)
            self._bytes = sum(row.size for row in self._waiting.values() if row is not None)
        self._failed(exc)

    def _failed(self, exc: Exception) -> None:
        """Told once, until it is well again."""
        if isinstance(exc, _BROKEN) and self._file is not None:
            self._file.close()
            self._file = None
            with suppress(OSError):
                set_aside(self._path, "it is damaged")
        elif self._trouble is None:
            LOG.warning("Kept answers are not written to their file at present: %s", exc)
        self._trouble = str(exc)

    def _opened(self) -> AnswerFile:
        if self._file is None:
            self._file = AnswerFile(self._path, self._most)
        return self._file
