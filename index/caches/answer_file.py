"""Kept answers in a SQLite file of their own, each with its seal and a checksum.

These find damage, by a disk or by a hand that changed a row. They are no protection against the
owner of the file, who could compute them as well.
"""

import logging
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import apsw
import orjson

from index.caches.sealed import Owner, Sealed
from models.sqlite_file import DatabaseRefused, opened, put_aside

LOG: Final = logging.getLogger("hearth.cache")

PATIENCE: Final = 250  # milliseconds for a lock of another process: nobody depends on this file
AHEAD: Final = 5.0  # seconds that an answer may be of the future: clocks are set a little
ROW_BYTES: Final = 500  # of a row besides its answer, rounded up
MIGRATIONS: Final = (
    """
    CREATE TABLE answers (
        key      BLOB PRIMARY KEY,
        tenant   TEXT NOT NULL,
        model    TEXT NOT NULL,
        about    TEXT NOT NULL,
        made_at  REAL NOT NULL,
        answer   BLOB NOT NULL,
        seal     BLOB NOT NULL,
        checksum BLOB NOT NULL
    ) STRICT;
    CREATE INDEX answers_by_age ON answers (made_at);
    """,
)
# As bytes: a damaged text may be none.
_ROWS: Final = """
    SELECT key, CAST(tenant AS BLOB), CAST(model AS BLOB), CAST(about AS BLOB), made_at, answer,
        seal, checksum
    FROM answers ORDER BY made_at
"""
_KEEP: Final = "INSERT OR REPLACE INTO answers VALUES (?,?,?,?,?,?,?,?)"


@dataclass(frozen=True, slots=True)
class Row:
    """`made_at` in unix seconds."""

    sealed: Sealed
    made_at: float

    @property
    def size(self) -> int:
        return ROW_BYTES + len(self.sealed.answer)


class AnswerFile:
    """At most about `most` bytes. One thread at a time; everything may raise `apsw.Error` or
    `DatabaseRefused`. A damaged file is set aside, and another one begun.
    """

    def __init__(self, path: Path, most: int) -> None:
        self._path = path
        try:
            self._db = _connection(path, most)
        except DatabaseRefused as exc:
            set_aside(path, str(exc.args[0]))
            self._db = _connection(path, most)

    def rows(self, now: float, ttl: float) -> Iterator[Row]:
        """The sound ones that are at most `ttl` seconds old, oldest first; the others go.

        The ages are by the wall clock, the only one that outlives a restart: what would be of the
        future is of nobody knows when, and goes, too.
        """
        bad: list[bytes] = []
        old: list[bytes] = []
        for values in self._db.execute(_ROWS):
            row = _sound(values)
            if row is None:
                bad.append(values[0])
            elif now - ttl <= row.made_at <= now + AHEAD:
                yield row
            else:
                old.append(row.sealed.key)
        if bad:
            LOG.warning("%d kept answers were damaged: they are not given again.", len(bad))
        self.change((), bad + old)

    def change(self, rows: Sequence[Row], gone: Sequence[bytes]) -> None:
        """Without `gone`, then with `rows`. What no longer fits must not keep others from going."""
        if gone:
            with self._transaction():
                self._db.executemany("DELETE FROM answers WHERE key = ?", [(key,) for key in gone])
        if rows:
            with self._transaction():
                self._db.executemany(_KEEP, [_values(row) for row in rows])

    def tidy(self, oldest: float) -> None:
        """Forgets what was made before `oldest`, and leaves no trace of what is gone."""
        with self._transaction():
            self._db.execute("DELETE FROM answers WHERE made_at < ?", (oldest,))
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def empty(self) -> None:
        with self._transaction():
            self._db.execute("DELETE FROM answers")

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """APSW's own hides why it failed where SQLite has rolled back by itself, as when full."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        finally:
            if self._db.in_transaction:
                with suppress(apsw.Error):
                    self._db.execute("ROLLBACK")


def set_aside(path: Path, reason: str) -> None:
    """Under another name, in the place of what was set aside before."""
    LOG.error("The file of kept answers is set aside, a new one is begun: %s", reason)
    put_aside(path)


def forget(path: Path) -> None:
    """The file, and what SQLite keeps beside it; not what was set aside."""
    for rest in ("", "-wal", "-shm"):
        path.with_name(path.name + rest).unlink(missing_ok=True)


def _connection(path: Path, most: int) -> apsw.Connection:
    db = opened(path, MIGRATIONS, PATIENCE)
    try:
        db.pragma("synchronous", "NORMAL")  # power loss costs the last answers, never the file
        db.pragma("secure_delete", True)
        db.pragma("max_page_count", max(16, most // int(db.pragma("page_size"))))
    except apsw.Error:
        with suppress(apsw.Error):
            db.close()
        raise
    return db


def _values(row: Row) -> tuple[Any, ...]:
    sealed, owner = row.sealed, row.sealed.owner
    about = (owner.models, owner.collections, sealed.tier, sealed.cost, sealed.tokens)
    texts = (owner.tenant, sealed.model, orjson.dumps(about).decode())
    checksum = _checksum(sealed.key, *(text.encode() for text in texts), sealed.seal, row.made_at)
    return sealed.key, *texts, row.made_at, sealed.answer, sealed.seal, checksum


def _sound(values: tuple[Any, ...]) -> Row | None:
    key, tenant, model, about, made_at, answer, seal, checksum = values
    if checksum != _checksum(key, tenant, model, about, seal, made_at):
        return None
    models, collections, tier, cost, tokens = orjson.loads(about)
    owner = Owner(tenant.decode(), tuple(map(tuple, models)), tuple(collections))
    sealed = Sealed(key, owner, answer, tier, model.decode(), cost, tokens, seal)
    return Row(sealed, made_at) if sealed.whole else None


def _checksum(*said: bytes | float) -> bytes:
    """SHA-256 of each with its length. The seal among them covers the answer."""
    found = sha256()
    for one in said:
        data = struct.pack("<d", one) if isinstance(one, float) else one
        found.update(len(data).to_bytes(8, "big"))
        found.update(data)
    return found.digest()
