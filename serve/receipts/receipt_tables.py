"""The tables of the file of receipts, and how they came to be."""

from typing import Final

# Entry N brings a file of version N to N + 1. Entries are never changed once released.
# Ids begin with the time, so their index is in the order of time, too, and is written at its end.
MIGRATIONS: Final = (
    """
    CREATE TABLE receipts (
        number  INTEGER PRIMARY KEY,
        id      TEXT NOT NULL UNIQUE,
        tenant  TEXT NOT NULL,
        receipt BLOB NOT NULL
    ) STRICT;
    CREATE TABLE usage (
        hour     INTEGER NOT NULL,
        key      TEXT NOT NULL,
        tenant   TEXT NOT NULL,
        route    TEXT NOT NULL,
        model    TEXT NOT NULL,
        tier     TEXT NOT NULL,
        requests INTEGER NOT NULL,
        again    INTEGER NOT NULL,
        failed   INTEGER NOT NULL,
        input    INTEGER NOT NULL,
        cached   INTEGER NOT NULL,
        output   INTEGER NOT NULL,
        saved    INTEGER NOT NULL,
        money    REAL NOT NULL,
        energy   REAL NOT NULL,
        engine   REAL NOT NULL,
        PRIMARY KEY (hour, key, tenant, route, model, tier)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE feedback (
        receipt     TEXT NOT NULL,
        account     TEXT NOT NULL,
        at          REAL NOT NULL,
        good        INTEGER NOT NULL,
        comment     TEXT NOT NULL,
        model       TEXT NOT NULL,
        tier        TEXT NOT NULL,
        route       TEXT NOT NULL,
        cache       TEXT NOT NULL,
        collections TEXT NOT NULL,
        PRIMARY KEY (receipt, account)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE power (
        hour    INTEGER PRIMARY KEY,
        seconds REAL NOT NULL,
        busy    REAL NOT NULL,
        energy  REAL NOT NULL,
        idle    REAL NOT NULL
    ) STRICT;
    """,
    """
    CREATE TABLE texts (
        id    TEXT PRIMARY KEY,
        texts BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
    """,
    # In hours from before, what was refused counts among `failed`.
    "ALTER TABLE usage ADD COLUMN refused INTEGER NOT NULL DEFAULT 0",
)
