"""The ledger's SQLite file: its tables, and how they came to be."""

from pathlib import Path

import apsw

from models.sqlite_file import SAFE_SQLITE, DatabaseRefused, opened, sqlite_version

__all__ = ["MIGRATIONS", "SAFE_SQLITE", "DatabaseRefused", "connect", "sqlite_version"]

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


def connect(path: Path) -> apsw.Connection:
    """As `opened`: the ledger at `path`, made if absent. Raises `DatabaseRefused`."""
    return opened(path, MIGRATIONS)
