"""Receipts in a SQLite file of their own, and beside them, added up by the hour, what was used.

Several gateways write to it, each in batches. A receipt and what it adds to the usage are written
together or not at all. Feedback and the machine's power are in the same file.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from operator import add
from pathlib import Path
from typing import Any, Final, NamedTuple

import apsw
import orjson

from models.sqlite_file import DatabaseRefused, opened, put_aside
from serve.receipt import id_at
from serve.receipts.receipt_tables import MIGRATIONS

LOG: Final = logging.getLogger("hearth.keeping")

PATIENCE: Final = 5000  # milliseconds for a lock; no request waits for it
SLICE: Final = 2000  # receipts that go at a time, so that nobody is locked out for long
HOUR: Final = 3600
# One statement for all of a batch: between statements, its thread would wait for the gateway's.
_ADD: Final = """
    INSERT INTO receipts
    SELECT NULL, value ->> 'request_id', value ->> 'tenant', CAST(value AS BLOB) FROM json_each(?)
"""
_TEXTS: Final = "INSERT INTO texts VALUES (?,?)"
_COUNT: Final = """
    INSERT INTO usage VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
    ON CONFLICT (hour, key, tenant, route, model, tier) DO UPDATE SET
        requests = requests + excluded.requests,
        again = again + excluded.again,
        failed = failed + excluded.failed,
        input = input + excluded.input,
        cached = cached + excluded.cached,
        output = output + excluded.output,
        saved = saved + excluded.saved,
        money = money + excluded.money,
        energy = energy + excluded.energy,
        engine = engine + excluded.engine,
        refused = refused + excluded.refused
"""
_FORGET: Final = """
    DELETE FROM receipts
    WHERE number IN (SELECT number FROM receipts WHERE id < ? ORDER BY id LIMIT ?)
"""
_FORGET_TEXTS: Final = """
    DELETE FROM texts WHERE id < (SELECT coalesce(min(id), '~') FROM receipts)
"""


class Group(NamedTuple):
    """What usage is told apart by. `hour`: unix hours."""

    hour: int
    key: str
    tenant: str
    route: str
    model: str
    tier: str


class Amount(NamedTuple):
    """What was used. `input`, `cached` (a part of it) and `output` in tokens that were computed;
    `saved`: tokens that were given again; `again`: requests for which nothing was generated;
    `failed` and `refused` as outcomes are; `money` by the prices of tiers, `energy` in watt-hours,
    `engine` in seconds at engines.
    """

    requests: int = 1
    again: int = 0
    failed: int = 0
    input: int = 0
    cached: int = 0
    output: int = 0
    saved: int = 0
    money: float = 0.0
    energy: float = 0.0
    engine: float = 0.0
    refused: int = 0

    def plus(self, other: "Amount") -> "Amount":
        return Amount._make(map(add, self, other))


class Row(NamedTuple):
    """One receipt, as JSON, and what it adds to the usage of its group. `texts`: what was asked
    and answered, where the owner wants that kept.
    """

    id: str
    group: Group
    amount: Amount
    receipt: bytes
    texts: bytes | None = None


class ReceiptFile:
    """For whoever writes receipts. One thread at a time; everything may raise `apsw.Error`,
    `DatabaseRefused` or `OSError`.

    A damaged file is set aside, and another one begun, which every process then goes on with.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._db = opened(path, MIGRATIONS, PATIENCE)
        except DatabaseRefused as exc:
            _set_aside(path, str(exc.args[0]))
            self._db = opened(path, MIGRATIONS, PATIENCE)
        self._inode = path.stat().st_ino
        self._db.pragma("synchronous", "NORMAL")  # power loss costs the last ones, never the file

    @property
    def is_current(self) -> bool:
        """False once another process has set this file aside."""
        with suppress(FileNotFoundError):
            return self._path.stat().st_ino == self._inode
        return False

    def add(self, rows: Sequence[Row]) -> None:
        """All of them or, where that fails, none."""
        used: dict[Group, Amount] = {}
        for row in rows:
            before = used.get(row.group)
            used[row.group] = row.amount if before is None else before.plus(row.amount)
        with transaction(self._db):
            self._db.execute(_ADD, (f"[{','.join(row.receipt.decode() for row in rows)}]",))
            self._db.executemany(_TEXTS, [(row.id, row.texts) for row in rows if row.texts])
            self._db.executemany(_COUNT, [(*group, *amount) for group, amount in used.items()])

    def tidy(self, oldest: float, most: int, oldest_text: float | None = None) -> int:
        """Forgets all that is from before `oldest`, in unix seconds, texts from before
        `oldest_text`, and the oldest receipts while there are over `most` bytes. Returns how many
        receipts went.
        """
        with transaction(self._db):
            self._db.execute("DELETE FROM texts WHERE id < ?", (id_at(oldest_text or oldest),))
        gone = count = self._forget(id_at(oldest))
        while count == SLICE:
            count = self._forget(id_at(oldest))
            gone += count
        while self.size > most and (count := self._forget("~")):
            gone += count
        with transaction(self._db):
            self._db.execute("DELETE FROM usage WHERE hour < ?", (oldest // HOUR,))
            self._db.execute("DELETE FROM power WHERE hour < ?", (oldest // HOUR,))
            self._db.execute("DELETE FROM feedback WHERE at < ?", (oldest,))
        return gone

    @property
    def size(self) -> int:
        """Bytes in use."""
        pages = int(self._db.pragma("page_count")) - int(self._db.pragma("freelist_count"))
        return pages * int(self._db.pragma("page_size"))

    def set_aside(self, reason: str) -> None:
        """Where no other process did so before."""
        self.close()
        if self.is_current:
            _set_aside(self._path, reason)

    def close(self) -> None:
        with suppress(apsw.Error):  # a damaged one may object
            self._db.close()

    def _forget(self, before: str) -> int:
        with transaction(self._db):
            self._db.execute(_FORGET, (before, SLICE))
            gone = self._db.changes()
            self._db.execute(_FORGET_TEXTS)
        return gone


def known(path: Path, write: bool = False) -> apsw.Connection:
    """To the file that a gateway keeps, for whoever reads it or adds feedback. It may be in use by
    the same process: SQLite alone may open it there. Raises `apsw.CantOpenError` where there is
    none.
    """
    flags = apsw.SQLITE_OPEN_READWRITE if write else apsw.SQLITE_OPEN_READONLY
    db = apsw.Connection(str(path), flags=flags)
    db.set_busy_timeout(PATIENCE)
    return db


def found(db: apsw.Connection, name: str) -> dict[str, Any] | None:
    """The receipt with this id as it was told, with its texts where they are kept."""
    query = "SELECT receipt, texts FROM receipts LEFT JOIN texts USING (id) WHERE id = ?"
    for receipt, texts in db.execute(query, (name,)):
        return {**orjson.loads(receipt), **(orjson.loads(texts) if texts else {})}
    return None


@contextmanager
def transaction(db: apsw.Connection) -> Iterator[None]:
    """APSW's own hides why it failed where SQLite has rolled back by itself, as when full."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    finally:
        if db.in_transaction:
            with suppress(apsw.Error):
                db.execute("ROLLBACK")


def _set_aside(path: Path, reason: str) -> None:
    """Under another name, in the place of what was set aside before."""
    LOG.error("The file of receipts is set aside, a new one is begun: %s", reason)
    put_aside(path)
