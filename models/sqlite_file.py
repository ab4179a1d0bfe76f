"""One SQLite file, opened so that what was acknowledged survives `kill -9` and power loss.

APSW brings its own SQLite: versions before 3.51.3 have a WAL-reset race that can lose commits
when several connections write (sqlite.org/wal.html#walresetbug).
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import apsw

SAFE_SQLITE: Final = (3, 51, 3)
ASIDE: Final = ".damaged"
PATIENCE: Final = 5000  # milliseconds for a lock of another process, where nothing else is said


class DatabaseRefused(Exception):
    """The file cannot be used. `args[0]` says why, for people."""


class DatabaseDamaged(DatabaseRefused):
    pass


def opened(path: Path, migrations: Sequence[str], patience: int = PATIENCE) -> apsw.Connection:
    """A connection to the migrated database at `path`, made (0600, in a 0700 folder) if absent.

    Entry N of `migrations` brings a database of version N to N + 1. `patience` in milliseconds.
    """
    if sqlite_version() < SAFE_SQLITE:
        raise DatabaseRefused("This SQLite can lose data: version 3.51.3 or newer is needed.")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # A file that is there is not touched: whoever closes it ends the locks that SQLite holds for
    # other connections of this process (sqlite.org/howtocorrupt.html, 2.2).
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    try:
        connection = apsw.Connection(str(path))
        connection.set_busy_timeout(patience)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        _migrate(connection, migrations)
    except (apsw.NotADBError, apsw.CorruptError) as exc:
        raise DatabaseDamaged("The database is damaged; restore it from a backup.") from exc
    return connection


@contextmanager
def writing(connection: apsw.Connection) -> Iterator[None]:
    """One transaction that may write from its start on, so that nothing overtakes what it read.

    It is not apsw's own, which lets no other Python thread run while it waits for a lock.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def put_aside(path: Path) -> None:
    """Under another name, in the place of what was put aside before. Raises `OSError`."""
    path.replace(path.with_suffix(ASIDE))
    for rest in ("-wal", "-shm"):
        path.with_name(path.name + rest).unlink(missing_ok=True)


def sqlite_version() -> tuple[int, ...]:
    return tuple(map(int, apsw.sqlite_lib_version().split(".")))


def _migrate(connection: apsw.Connection, migrations: Sequence[str]) -> None:
    """Of processes that come at once, one migrates and the others find it done."""
    if int(connection.pragma("user_version")) == len(migrations):
        return
    with writing(connection):
        version = int(connection.pragma("user_version"))
        if version > len(migrations):
            raise DatabaseRefused("The database was written by a newer Hearth; install that one.")
        for number, statements in enumerate(migrations[version:], start=version + 1):
            connection.execute(statements)
            connection.pragma("user_version", number)
