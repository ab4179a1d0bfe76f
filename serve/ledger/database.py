"""The ledger's SQLite file: its tables, and how they came to be."""

import os
import secrets
from contextlib import closing
from pathlib import Path

import apsw

from models.sqlite_file import (
    PATIENCE,
    SAFE_SQLITE,
    DatabaseRefused,
    opened,
    sqlite_version,
    writing,
)

__all__ = ["MIGRATIONS", "SAFE_SQLITE", "DatabaseRefused", "connect", "sqlite_version", "writing"]

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
    """
    ALTER TABLE keys ADD COLUMN account TEXT NOT NULL DEFAULT '';
    ALTER TABLE keys ADD COLUMN rights TEXT NOT NULL DEFAULT '{}';
    UPDATE keys SET account = id;
    UPDATE keys SET rights = '{"scopes":["chat","embed","ingest","admin"]}' WHERE admin;
    ALTER TABLE keys DROP COLUMN admin;
    CREATE TABLE groups (
        name       TEXT PRIMARY KEY,
        kind       TEXT NOT NULL,
        parent     TEXT,
        limits     TEXT NOT NULL,
        created_at REAL NOT NULL
    ) STRICT;
    CREATE TABLE audit (
        number  INTEGER PRIMARY KEY AUTOINCREMENT,
        at      REAL NOT NULL,
        actor   TEXT NOT NULL,
        act     TEXT NOT NULL,
        target  TEXT NOT NULL,
        details TEXT NOT NULL
    ) STRICT;
    """,
)


def connect(path: Path) -> apsw.Connection:
    """As `opened`: the ledger at `path`, made if absent. Raises `DatabaseRefused`.

    One of an older version is copied beside itself before it is migrated, once per version.
    """
    if path.exists():
        _back_up(path)
    return opened(path, MIGRATIONS)


def _back_up(path: Path) -> None:
    """What is no database is left to `opened` to refuse."""
    try:
        with closing(apsw.Connection(str(path))) as old:
            old.set_busy_timeout(PATIENCE)
            version = _version(old)
            copy = path.with_name(f"{path.name}.v{version}")
            if 0 < version < len(MIGRATIONS) and not copy.exists():
                _copy(old, copy, version)
    except (apsw.NotADBError, apsw.CorruptError):
        return


def _copy(old: apsw.Connection, copy: Path, version: int) -> None:
    """Whole or not at all; one that another process migrated meanwhile is not kept."""
    part = copy.with_name(f"{copy.name}.{secrets.token_hex(4)}")
    os.close(os.open(part, os.O_CREAT | os.O_RDWR, 0o600))
    try:
        old.execute("VACUUM INTO ?", (str(part),))
        with closing(apsw.Connection(str(part))) as new:
            is_old = _version(new) == version
        if is_old:
            part.replace(copy)
    finally:
        part.unlink(missing_ok=True)


def _version(connection: apsw.Connection) -> int:
    return int(connection.pragma("user_version"))
