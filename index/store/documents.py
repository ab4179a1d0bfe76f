"""Documents of collections: read, listed, and removed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import apsw
import orjson

from index.documents import Attributes, StoredPassage
from index.errors import Unknown
from index.store import access, passage_rows
from index.store.database import Database
from index.store.originals import Originals
from index.store.paging import page_of, window_of
from index.store.passage_rows import ADDRESS
from index.store.queries import all_rows, one_row, rows
from index.store.records import DocumentRecord, Page, PageQuery, Reader, State

_SELECT: Final = """
    SELECT d.number, d.id, c.id, d.file, d.name, d.sha256, d.attributes, d.state, d.stage, d.done,
           d.total, d.title, d.media_type, d.pages, d.notes,
           COALESCE(d.last - d.first + 1, 0), d.bytes, d.error_code, d.error_message,
           d.created_at, d.updated_at, ADDRESS
    FROM documents d JOIN collections c ON c.number = d.collection
""".replace("ADDRESS", ADDRESS)
ONE: Final = f"{_SELECT} WHERE d.number = ?"
_BY_ID: Final = f"{_SELECT} WHERE d.collection = ? AND (d.id = ? OR d.file = ?) ORDER BY d.number"
_INSIDE: Final = f"""{_SELECT}
    WHERE d.collection = ? AND d.file = ? AND substr(d.name, 1, length(?) + 1) = ? || '/'
"""
UNFINISHED: Final = f"{_SELECT} WHERE d.state = 'in_progress' ORDER BY d.number"
_PAGE: Final = f"""{_SELECT}
    WHERE d.collection = :collection AND (:state IS NULL OR d.state = :state)
      AND d.number > :low AND d.number < :high
    ORDER BY d.number"""


class Documents:
    def __init__(self, db: Database, originals: Originals, clock: Callable[[], float]) -> None:
        self._db = db
        self._originals = originals
        self._clock = clock

    def get(self, reader: Reader, collection: str, document: str) -> DocumentRecord:
        """By its id, or by that of its file. Raises `Unknown`."""
        with self._db.reading() as db:
            return _found(db, access.readable(db, reader, collection).number, document)

    def page(
        self, reader: Reader, collection: str, query: PageQuery, state: State | None = None
    ) -> Page[DocumentRecord]:
        with self._db.reading() as db:
            number = access.readable(db, reader, collection).number

            def number_of(cursor: str) -> int | None:
                found = rows(db, _BY_ID, (number, *[access.storable(cursor)] * 2))
                return next((int(row[0]) for row in found), None)

            window = window_of(query, number_of)
            asked = {"collection": number, "state": state} | window.bounds
            return page_of([record(row) for row in rows(db, window.sql(_PAGE), asked)], query)

    def passages(self, reader: Reader, collection: str, document: str) -> list[StoredPassage]:
        """All of a document's, in order; none until it is completed."""
        with self._db.reading() as db:
            found = access.readable(db, reader, collection)
            number = _found(db, found.number, document).number
            sql = "SELECT first, last FROM documents WHERE number = ?"
            first, last = one_row(db, sql, (number,))
            ids = range(first, last + 1) if first is not None else range(0)
            return sorted(passage_rows.passages(db, found, ids).values(), key=lambda row: row.id)

    def original(self, reader: Reader, collection: str, document: str) -> Path:
        """The file that a document was made from, for all who may read the collection."""
        with self._db.reading() as db:
            found = _found(db, access.readable(db, reader, collection).number, document)
            for (sha256,) in rows(db, "SELECT sha256 FROM files WHERE id = ?", (found.file,)):
                return self._originals.path(sha256)
        raise Unknown("file", found.file)

    def set_attributes(
        self, reader: Reader, collection: str, document: str, attributes: Attributes
    ) -> DocumentRecord:
        with self._db.writing() as db:
            number = access.writable(db, reader, collection).number
            found = _found(db, number, document)
            db.execute(
                "UPDATE documents SET attributes = ?, updated_at = ? WHERE number = ?",
                (orjson.dumps(dict(attributes)).decode(), self._clock(), found.number),
            )
            touch(db, number)
            return record(one_row(db, ONE, (found.number,)))

    def delete(self, reader: Reader, collection: str, document: str) -> list[DocumentRecord]:
        """Gone from all answers when this returns; what it was. A job on it finds it gone.

        An archive goes with all that was in it.
        """
        with self._db.writing() as db:
            number = access.writable(db, reader, collection).number
            found = _found(db, number, document)
            inside = all_rows(db, _INSIDE, (number, found.file, found.name, found.name))
            gone = [found, *map(record, inside)]
            for each in gone:
                remove(db, number, each.number)
            touch(db, number)
            return gone


def record(row: tuple[Any, ...]) -> DocumentRecord:
    loads = orjson.loads
    values = [*row[:6], loads(row[6]), *row[7:14], tuple(loads(row[14])), *row[15:]]
    return DocumentRecord(*values)


def remove(db: apsw.Connection, collection: int, document: int) -> None:
    """The document and all that was made of it, of one collection by number."""
    sql = "DELETE FROM documents WHERE number = ? RETURNING first, last"
    for first, last in all_rows(db, sql, (document,)):
        if first is not None:
            passage_rows.delete(db, collection, first, last)


def touch(db: apsw.Connection, collection: int) -> None:
    """Tells everybody who remembers answers of this collection that they may be others now."""
    db.execute("UPDATE collections SET version = version + 1 WHERE number = ?", (collection,))


def _found(db: apsw.Connection, collection: int, document: str) -> DocumentRecord:
    known = access.storable(document)
    for row in rows(db, _BY_ID, (collection, known, known)):
        return record(row)
    raise Unknown("document", document)
