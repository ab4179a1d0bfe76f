"""Collections: made, shared, changed and removed."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import apsw
import orjson

from index.errors import InvalidQuery
from index.store import access
from index.store.database import Database
from index.store.queries import all_rows, one_row
from index.store.records import (
    CollectionRecord,
    Counts,
    Page,
    PageQuery,
    Reader,
    checked_name,
)
from index.store.tables import NO_COLLECTION, NO_GENERATION, OF_A_COLLECTION, OF_A_GENERATION, of

_INSERT: Final = """
    INSERT INTO collections (id, owner, name, created_at, metadata, settings, expires_at)
    VALUES (?,?,?,?,?,?,?)
"""
_COUNTS: Final = """
    SELECT COUNT(*) FILTER (WHERE state = 'in_progress'),
           COUNT(*) FILTER (WHERE state = 'completed'),
           COUNT(*) FILTER (WHERE state = 'cancelled'),
           COUNT(*) FILTER (WHERE state = 'failed'),
           COALESCE(SUM(last - first + 1), 0), COALESCE(SUM(bytes), 0)
    FROM documents WHERE collection = ?
"""


@dataclass(frozen=True, slots=True)
class Embedding:
    """What a collection's vectors are made by, and how long they are."""

    embedder: str
    dimension: int


@dataclass(frozen=True, slots=True)
class Changes:
    """What of a collection becomes different; None stays as it is. `expires_at` 0: never."""

    name: str | None = None
    metadata: Mapping[str, str] | None = None
    settings: Mapping[str, Any] | None = None
    expires_at: float | None = None


@dataclass(frozen=True, slots=True)
class NewCollection:
    name: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    expires_at: float | None = None


class Collections:
    """`removed` is told the number of every collection that is gone."""

    def __init__(
        self, db: Database, clock: Callable[[], float], removed: Callable[[int], None]
    ) -> None:
        self._db = db
        self._clock = clock
        self._removed = removed

    def create(self, reader: Reader, new: NewCollection, made_by: Embedding) -> CollectionRecord:
        """A collection of the reader's own, which nobody else sees. Raises `Forbidden`."""
        access.check_creates(reader)
        row = (
            f"vs_{secrets.token_hex(16)}", reader.tenant, checked_name(new.name), self._clock(),
            _json(new.metadata), _json(new.settings), new.expires_at,
        )  # fmt: skip
        with self._db.writing() as db:
            db.execute(_INSERT, row)
            number = db.last_insert_rowid()
            db.execute(of(OF_A_COLLECTION, number))
            add_generation(db, number, 1, made_by)
            begin_use(db, number, 1, self._clock())
            return access.readable(db, reader, row[0])

    def get(self, reader: Reader, collection: str) -> CollectionRecord:
        with self._db.reading() as db:
            return access.readable(db, reader, collection)

    def page(self, reader: Reader, query: PageQuery) -> Page[CollectionRecord]:
        with self._db.reading() as db:
            return access.visible(db, reader, query)

    def named(self, reader: Reader, name: str) -> list[CollectionRecord]:
        """All with this name that the reader may read."""
        with self._db.reading() as db:
            return access.named(db, reader, name)

    def counts(self, reader: Reader, collection: str) -> Counts:
        with self._db.reading() as db:
            number = access.readable(db, reader, collection).number
            return Counts(*one_row(db, _COUNTS, (number,)))

    def change(self, reader: Reader, collection: str, changes: Changes) -> CollectionRecord:
        with self._db.writing() as db:
            old = access.writable(db, reader, collection)
            name = old.name if changes.name is None else checked_name(changes.name)
            metadata = old.metadata if changes.metadata is None else changes.metadata
            settings = old.settings if changes.settings is None else changes.settings
            expires = old.expires_at if changes.expires_at is None else changes.expires_at or None
            db.execute(
                "UPDATE collections SET name = ?, metadata = ?, settings = ?, expires_at = ?, "
                "version = version + 1 WHERE number = ?",
                (name, _json(metadata), _json(settings), expires, old.number),
            )
            return access.readable(db, reader, collection)

    def share(self, reader: Reader, collection: str, tenant: str) -> None:
        """From now on `tenant` may read it."""
        with self._db.writing() as db:
            number = access.writable(db, reader, collection).number
            db.execute(
                "INSERT INTO readers VALUES (?, ?) ON CONFLICT DO NOTHING",
                (number, checked_name(tenant, "tenant")),
            )

    def unshare(self, reader: Reader, collection: str, tenant: str) -> None:
        """`tenant` no longer sees it, whether it did or not."""
        with self._db.writing() as db:
            number = access.writable(db, reader, collection).number
            asked = (number, access.storable(tenant))
            db.execute("DELETE FROM readers WHERE collection = ? AND tenant = ?", asked)

    def delete(self, reader: Reader, collection: str) -> list[str]:
        """With all documents in it; their files, whose ids it returns, stay."""
        sql = "SELECT DISTINCT file FROM documents WHERE collection = ?"
        with self._db.writing() as db:
            number = access.writable(db, reader, collection).number
            files = [str(row[0]) for row in all_rows(db, sql, (number,))]
            _remove(db, number)
        self._removed(number)
        return files

    def delete_expired(self) -> list[str]:
        """Those whose time has come; their ids."""
        sql = "SELECT number, id FROM collections WHERE expires_at <= ?"
        with self._db.writing() as db:
            gone = all_rows(db, sql, (self._clock(),))
            for number, _ in gone:
                _remove(db, number)
        for number, _ in gone:
            self._removed(number)
        return [str(name) for _, name in gone]


def add_generation(db: apsw.Connection, collection: int, number: int, made_by: Embedding) -> None:
    """Room for vectors of another embedder."""
    if not 1 <= made_by.dimension <= 65536:
        raise InvalidQuery("A vector has 1 to 65536 dimensions.", "dimension")
    db.execute(of(OF_A_GENERATION, collection, number))
    row = (collection, number, made_by.embedder, made_by.dimension)
    sql = "INSERT INTO generations (collection, generation, embedder, dimension) VALUES (?,?,?,?)"
    db.execute(sql, row)


def begin_use(db: apsw.Connection, collection: int, number: int, now: float) -> None:
    """Searches of the collection use this generation from `now` on, in Unix seconds."""
    db.execute("UPDATE collections SET generation = ? WHERE number = ?", (number, collection))
    sql = "UPDATE generations SET since = ? WHERE collection = ? AND generation = ?"
    db.execute(sql, (now, collection, number))


def remove_generation(db: apsw.Connection, collection: int, number: int) -> None:
    db.execute(of(NO_GENERATION, collection, number))
    db.execute(
        "DELETE FROM generations WHERE collection = ? AND generation = ?", (collection, number)
    )


def _remove(db: apsw.Connection, number: int) -> None:
    sql = "SELECT generation FROM generations WHERE collection = ?"
    for (generation,) in all_rows(db, sql, (number,)):
        remove_generation(db, number, generation)
    db.execute(of(NO_COLLECTION, number))
    documents = "SELECT first, last FROM documents WHERE collection = ? AND first IS NOT NULL"
    for span in all_rows(db, documents, (number,)):
        db.execute("DELETE FROM passages WHERE id BETWEEN ? AND ?", span)
    db.execute("DELETE FROM documents WHERE collection = ?", (number,))
    db.execute("DELETE FROM readers WHERE collection = ?", (number,))
    db.execute("DELETE FROM collections WHERE number = ?", (number,))


def _json(value: Mapping[str, Any]) -> str:
    try:
        return orjson.dumps(dict(value)).decode()
    except TypeError as exc:
        raise InvalidQuery(f"This cannot be kept: {exc}.", "metadata") from exc
