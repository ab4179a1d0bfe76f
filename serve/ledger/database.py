"""One SQLite file, opened so that what was acknowledged survives `kill -9` and power loss.

APSW brings its own SQLite: versions before 3.51.3 have a WAL-reset race that can lose commits
when several connections write (sqlite.org/wal.html#walresetbug).
"""

import os
from pathlib import Path

import apsw

SAFE_SQLITE = (3, 51, 3)

# Entry N brings a database of version N to N + 1. Entries are never changed once released.
MIGRATIONS = (
    """
    CREATE TABLE keys (
        id         TEXT PRIMARY KEY,
        name       TEXT NOT NULL,
        tenant     TEXT NOT NULL,
        admin      INTEGER NOT NULL,
        hash       BLOB NOT NULL,
        created_at REAL NOT NULL,
        revoked_at REAL
    ) STRICT
    """,
    """
    CREATE TABLE signins (
        hash       BLOB NOT NULL UNIQUE,
        expires_at REAL NOT NULL,
        used_at    REAL
    ) STRICT
    """,
)


class DatabaseRefused(Exception):
    """The file cannot be used. `args[0]` says why, for people."""


def connect(path: Path) -> apsw.Connection:
    """A connection to the migrated database at `path`, made (0600, in a 0700 folder) if absent."""
    if sqlite_version() < SAFE_SQLITE:
        raise DatabaseRefused("This SQLite can lose data: version 3.51.3 or newer is needed.")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    try:
        connection = apsw.Connection(str(path))
        connection.set_busy_timeout(5000)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        _migrate(connection)
    except (apsw.NotADBError, apsw.CorruptError) as exc:
        raise DatabaseRefused("The database is damaged; restore it from a backup.") from exc
    return connection


def sqlite_version() -> tuple[int, ...]:
    return tuple(map(int, apsw.sqlite_lib_version().split(".")))


def _migrate(connection: apsw.Connection) -> None:
    with connection:
        version = int(connection.pragma("user_version"))
        if version > len(MIGRATIONS):
            raise DatabaseRefused("The database was written by a newer Hearth; install that one.")
        for number, statements in enumerate(MIGRATIONS[version:], start=version + 1):
            connection.execute(statements)
            connection.pragma("user_version", number)
