"""`library.db`: one connection writes, others read, each transaction is all or nothing."""

import errno
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import apsw

from index.errors import StorageBusy, StorageFailed, StorageFull
from index.store.tables import MIGRATIONS
from models.sqlite_file import DatabaseRefused, opened

FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
CACHE: Final = -16384  # KiB of pages that a reading connection remembers

NO_ROOM: Final = "The disk or the quota is full: nothing was kept. Make room and try again."
BUSY: Final = "Another process holds the library: try again in a moment."
FAILED: Final = (
    "The disk did not keep what it was given. Documents can be read but not changed until the "
    "appliance was restarted; look at the disk first."
)
DAMAGED: Final = (
    "The library is damaged: it can be read as far as that is possible, but not changed. "
    "Restore it from a backup ('hearth restore')."
)


class Database:
    """Safe for threads. `quota` in bytes of the database file, None for none.

    `failed` says why nothing can be written any more; None when all is well.
    """

    def __init__(self, path: Path, quota: int | None = None) -> None:
        self._path = path
        self._writing = threading.Lock()
        self._readers: deque[apsw.Connection] = deque()
        self.failed: str | None = None
        with self._translated():
            self._writer = opened(path, MIGRATIONS)
            if quota is not None:
                pages = quota // int(self._writer.pragma("page_size"))
                self._writer.pragma("max_page_count", max(1, pages))
        self.failed = self._damage()

    @contextmanager
    def writing(self) -> Iterator[apsw.Connection]:
        """One transaction: on the disk when this ends without an error, else nothing of it is.

        Raises `StorageFull`, `StorageBusy` or `StorageFailed`.
        """
        with self._writing, self._translated():
            if self.failed:
                raise StorageFailed(self.failed)
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            finally:
                self._roll_back()

    @contextmanager
    def reading(self) -> Iterator[apsw.Connection]:
        """The library at one moment, whatever is written meanwhile."""
        with self._translated():
            connection = self._reader()
            try:
                with connection:
                    yield connection
            finally:
                self._readers.append(connection)

    def close(self) -> None:
        with self._writing:
            while self._readers:
                self._readers.pop().close()
            self._writer.close()

    def _reader(self) -> apsw.Connection:
        with suppress(IndexError):
            return self._readers.pop()
        connection = apsw.Connection(str(self._path), flags=apsw.SQLITE_OPEN_READWRITE)
        connection.set_busy_timeout(5000)
        connection.pragma("query_only", True)
        connection.pragma("cache_size", CACHE)
        return connection

    def _roll_back(self) -> None:
        """Nothing to do after a commit, nor after errors on which SQLite did it itself."""
        if self._writer.in_transaction:
            with suppress(apsw.Error):
                self._writer.execute("ROLLBACK")

    def _damage(self) -> str | None:
        try:
            found = self._writer.execute("PRAGMA quick_check(1)").fetchall()
        except apsw.Error:
            return DAMAGED
        return None if found == [("ok",)] else DAMAGED

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """The boundary at which SQLite's errors become ours."""
        try:
            yield
        except (apsw.FullError, apsw.TooBigError) as exc:
            raise StorageFull(NO_ROOM) from exc
        except (apsw.BusyError, apsw.LockedError) as exc:
            raise StorageBusy(BUSY) from exc
        except DatabaseRefused as exc:
            raise StorageFailed(str(exc.args[0])) from exc
        except (apsw.CorruptError, apsw.NotADBError) as exc:
            self.failed = DAMAGED
            raise StorageFailed(DAMAGED) from exc
        except (apsw.IOError, apsw.CantOpenError, apsw.ReadOnlyError) as exc:
            raise self._broken() from exc

    def _broken(self) -> StorageFull | StorageFailed:
        """A limit on the size of files looks like a broken disk to SQLite: ask what happened."""
        if self._writer.system_errno in FULL:
            return StorageFull(NO_ROOM)
        self.failed = FAILED
        return StorageFailed(FAILED)
