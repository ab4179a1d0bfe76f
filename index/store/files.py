"""Files as they were uploaded: each tenant's own, with the original bytes."""

import secrets
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO, Final

import apsw

from index.store import access
from index.store.database import Database
from index.store.documents import remove, touch
from index.store.originals import Originals, Received
from index.store.queries import all_rows, rows
from index.store.records import FileRecord, Page, PageQuery, Reader, checked_name

_INSERT: Final = """
    INSERT INTO files (id, tenant, name, bytes, sha256, purpose, created_at)
    VALUES (?,?,?,?,?,?,?)
"""
_UNUSED: Final = """
    DELETE FROM files WHERE id = ? AND tenant = ?
        AND NOT EXISTS (SELECT 1 FROM documents WHERE file = files.id)
    RETURNING sha256
"""


class Files:
    def __init__(self, db: Database, originals: Originals, clock: Callable[[], float]) -> None:
        self._db = db
        self._originals = originals
        self._clock = clock

    def add(
        self, reader: Reader, name: str, source: BinaryIO, purpose: str = "assistants"
    ) -> FileRecord:
        """Reads `source` to its end. Kept, bytes and all, when this returns.

        Raises `StorageFull`, and nothing of it is left.
        """
        checked_name(name)
        with self._originals.receiving(source) as received, self._db.writing() as db:
            file = f"file-{secrets.token_hex(12)}"
            self._originals.keep(received)
            try:
                db.execute(_INSERT, self._row(file, reader, name, received, purpose))
            except apsw.Error:
                self._forget(db, received.sha256)
                raise
            return access.own_file(db, reader, file)

    def get(self, reader: Reader, file: str) -> FileRecord:
        with self._db.reading() as db:
            return access.own_file(db, reader, file)

    def page(
        self, reader: Reader, query: PageQuery, purpose: str | None = None
    ) -> Page[FileRecord]:
        with self._db.reading() as db:
            return access.own_files(db, reader, query, purpose)

    def original(self, reader: Reader, file: str) -> Path:
        """Where its bytes are, to be read only."""
        return self._originals.path(self.get(reader, file).sha256)

    def delete(self, reader: Reader, file: str) -> None:
        """With every document that was made from it, in all collections."""
        with self._db.writing() as db:
            found = access.own_file(db, reader, file)
            made = "SELECT collection, number FROM documents WHERE file = ?"
            for collection, document in all_rows(db, made, (file,)):
                remove(db, collection, document)
                touch(db, collection)
            db.execute("DELETE FROM files WHERE id = ?", (file,))
        self._forget_unless_used(found.sha256)

    def delete_unused(self, reader: Reader, files: Iterable[str]) -> None:
        """Of these, the reader's own that no document of any collection was made from."""
        with self._db.writing() as db:
            gone = [
                row[0] for file in files for row in all_rows(db, _UNUSED, (file, reader.tenant))
            ]
        for sha256 in gone:
            self._forget_unless_used(sha256)

    def sweep(self) -> None:
        """Removes what a process that died had not finished to add or to delete."""
        with self._db.writing() as db:
            known = frozenset(row[0] for row in rows(db, "SELECT sha256 FROM files"))
            self._originals.sweep(known)

    def _forget_unless_used(self, sha256: str) -> None:
        """Its bytes go when the row is gone for certain, and while nobody adds the same."""
        with self._db.writing() as db:
            self._forget(db, sha256)

    def _forget(self, db: apsw.Connection, sha256: str) -> None:
        if not all_rows(db, "SELECT 1 FROM files WHERE sha256 = ? LIMIT 1", (sha256,)):
            self._originals.forget(sha256)

    def _row(
        self, file: str, reader: Reader, name: str, received: Received, purpose: str
    ) -> tuple[object, ...]:
        size, sha256 = received.bytes, received.sha256
        return file, reader.tenant, name, size, sha256, purpose, self._clock()
