"""Jobs: how a file becomes a document that is found, all of it in one moment or not at all.

A document is known by its name inside its collection. The same content under the same name is no
work; changed content is a new document, which takes the place of the old one when it is completed.
Until then the old one answers.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import apsw
import orjson

from index.errors import Conflict, Unknown
from index.store import access, passage_rows
from index.store.database import Database
from index.store.documents import ONE, UNFINISHED, record, remove, touch
from index.store.queries import all_rows, one_row, rows
from index.store.records import (
    CollectionRecord,
    Content,
    DocumentRecord,
    NewDocument,
    Reader,
    checked_name,
)

_OF_NAME: Final = """
    SELECT number, sha256, state FROM documents WHERE collection = ? AND name = ? ORDER BY number
"""
_INSERT: Final = """
    INSERT INTO documents
        (id, collection, file, name, sha256, attributes, created_at, updated_at)
    VALUES (?,?,?,?,?,?,?,?)
"""
_FINISH: Final = """
    UPDATE documents SET state = 'completed', stage = 'done', done = ?, total = ?, title = ?,
        media_type = ?, pages = ?, notes = ?, bytes = ?, first = ?, last = ?, updated_at = ?
    WHERE number = ?
"""
_END: Final = """
    UPDATE documents SET state = ?, error_code = ?, error_message = ?, updated_at = ?
    WHERE number = ? AND state = 'in_progress' RETURNING number
"""
_AGAIN: Final = """
    UPDATE documents SET attributes = :attributes, file = :file
    WHERE number = :number AND (attributes <> :attributes OR file <> :file)
"""
_SUPERSEDED: Final = ("superseded", "A newer version of this document came meanwhile.")
_ADMIN: Final = Reader("", admin=True)  # a worker acts for whoever began the job


@dataclass(frozen=True, slots=True)
class Begun:
    """`work`: whether somebody has to do the job; else the document is there, or on its way."""

    document: DocumentRecord
    work: bool


class Jobs:
    """`document` in these methods is a document's id. Raises `Conflict` about ended jobs."""

    def __init__(self, db: Database, clock: Callable[[], float]) -> None:
        self._db = db
        self._clock = clock

    def begin(self, reader: Reader, collection: str, new: NewDocument) -> Begun:
        """Another job on the same document is cancelled: its content is of yesterday."""
        checked_name(new.name)
        with self._db.writing() as db:
            found = access.writable(db, reader, collection)
            access.own_file(db, reader, new.file)
            current = None
            for number, sha256, state in all_rows(db, _OF_NAME, (found.number, new.name)):
                if state in ("failed", "cancelled"):
                    remove(db, found.number, number)
                elif sha256 == new.sha256:
                    current = number
                elif state == "in_progress":
                    self._end(db, number, "cancelled", _SUPERSEDED)
            if current is not None:
                return self._again(db, found, current, new)
            return Begun(self._insert(db, found, new), True)

    def progress(self, document: str, stage: str, done: int, total: int) -> None:
        """Raises `Conflict` when the job was cancelled or superseded, `Unknown` when deleted."""
        with self._db.writing() as db:
            number = _running(db, document).number
            db.execute(
                "UPDATE documents SET stage = ?, done = ?, total = ?, updated_at = ? "
                "WHERE number = ?",
                (stage, done, total, self._clock(), number),
            )

    def finish(self, document: str, content: Content) -> DocumentRecord:
        """The document is found from now on, and what it replaces no longer.

        Raises `VectorsRefused`, or `Conflict` when the collection's embedder changed meanwhile.
        """
        with self._db.writing() as db:
            job = _running(db, document)
            collection = access.readable(db, _ADMIN, job.collection)
            passage_rows.checked(content, collection)
            for number, _, _ in all_rows(db, _OF_NAME, (collection.number, job.name)):
                if number != job.number:
                    remove(db, collection.number, number)
            span = passage_rows.insert(db, collection, job.number, content) or (None, None)
            db.execute(_FINISH, (*_finished(content), *span, self._clock(), job.number))
            touch(db, collection.number)
            return record(one_row(db, ONE, (job.number,)))

    def fail(self, document: str, code: str, message: str) -> None:
        """What the document would have replaced stays."""
        with self._db.writing() as db:
            self._end(db, _running(db, document).number, "failed", (code, message))

    def cancel(self, reader: Reader, collection: str, document: str) -> DocumentRecord:
        with self._db.writing() as db:
            number = access.writable(db, reader, collection).number
            asked = (access.storable(document), number)
            if not all_rows(db, _IN_COLLECTION, asked):
                raise Unknown("document", document)
            job = _running(db, document)
            self._end(db, job.number, "cancelled", ("cancelled", "It was cancelled."))
            return record(one_row(db, ONE, (job.number,)))

    def unfinished(self) -> list[DocumentRecord]:
        """All jobs that somebody has to do, oldest first; after a start: to be done again."""
        with self._db.reading() as db:
            return [record(row) for row in rows(db, UNFINISHED)]

    def _again(
        self, db: apsw.Connection, collection: CollectionRecord, number: int, new: NewDocument
    ) -> Begun:
        """The same content. Its attributes may be others, and take no work.

        Its file is the one that it came with last: whoever sent that asks for it by that id.
        """
        attributes = orjson.dumps(dict(new.attributes)).decode()
        asked = {"attributes": attributes, "file": new.file, "number": number}
        db.execute(_AGAIN, asked)
        if db.changes():
            touch(db, collection.number)
        return Begun(record(one_row(db, ONE, (number,))), False)

    def _insert(
        self, db: apsw.Connection, collection: CollectionRecord, new: NewDocument
    ) -> DocumentRecord:
        now = self._clock()
        attributes = orjson.dumps(dict(new.attributes)).decode()
        name = f"doc_{secrets.token_hex(12)}"
        row = (name, collection.number, new.file, new.name, new.sha256, attributes, now, now)
        db.execute(_INSERT, row)
        return record(one_row(db, ONE, (db.last_insert_rowid(),)))

    def _end(self, db: apsw.Connection, number: int, state: str, why: tuple[str, str]) -> None:
        db.execute(_END, (state, *why, self._clock(), number))


_IN_COLLECTION: Final = "SELECT 1 FROM documents WHERE id = ? AND collection = ?"
_BY_ID: Final = "SELECT number FROM documents WHERE id = ?"


def _running(db: apsw.Connection, document: str) -> DocumentRecord:
    for (number,) in rows(db, _BY_ID, (access.storable(document),)):
        found = record(one_row(db, ONE, (number,)))
        if found.state != "in_progress":
            raise Conflict(f"The work on this document has ended already: it is {found.state}.")
        return found
    raise Unknown("document", document)


def _finished(content: Content) -> tuple[object, ...]:
    count = len(content.passages)
    size = sum(len(passage.text.encode()) for passage in content.passages)
    notes = orjson.dumps(list(content.notes)).decode()
    return count, count, content.title, content.media_type, content.pages, notes, size
