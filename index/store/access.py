"""Who may read and write a collection or a file. Decided here and nowhere else.

A collection belongs to a tenant, who may let others read it. To everybody else it does not exist.
"""

from typing import Any, Final

import apsw
import orjson

from index.errors import Forbidden, Unknown
from index.store.paging import Window, page_of, window_of
from index.store.queries import rows
from index.store.records import CollectionRecord, FileRecord, Page, PageQuery, Reader

_NAMED: Final = "EXISTS (SELECT 1 FROM json_each(:only) WHERE value IN (c.id, c.name))"
_COLLECTIONS: Final = """
    SELECT c.number, c.id, c.owner, c.name, c.created_at, c.metadata, c.settings, c.expires_at,
           c.version, g.embedder, g.dimension, c.generation,
           (SELECT json_group_array(tenant) FROM readers WHERE collection = c.number)
    FROM collections c
    JOIN generations g ON g.collection = c.number AND g.generation = c.generation
    WHERE (:id IS NULL OR c.id = :id) AND (:name IS NULL OR c.name = :name)
      AND (:admin OR c.owner = :tenant
           OR c.number IN (SELECT collection FROM readers WHERE tenant = :tenant))
      AND (:only IS NULL OR {named})
      AND c.number > :low AND c.number < :high
    ORDER BY c.number""".replace("{named}", _NAMED)
# Whoever is kept to some collections sees the files in them, and those that are in none.
_FILES: Final = """
    SELECT id, tenant, name, bytes, sha256, purpose, created_at, number FROM files
    WHERE (:id IS NULL OR id = :id) AND (:admin OR tenant = :tenant)
      AND (:only IS NULL
           OR NOT EXISTS (SELECT 1 FROM documents d WHERE d.file = files.id)
           OR EXISTS (SELECT 1 FROM documents d JOIN collections c ON c.number = d.collection
                      WHERE d.file = files.id AND {named}))
      AND (:purpose IS NULL OR purpose = :purpose) AND number > :low AND number < :high
    ORDER BY number""".replace("{named}", _NAMED)


def readable(db: apsw.Connection, reader: Reader, collection: str) -> CollectionRecord:
    """Raises `Unknown` where there is none, or none for this reader."""
    for found in _collections(db, reader, collection, Window()):
        return found
    raise Unknown("collection", collection)


def writable(db: apsw.Connection, reader: Reader, collection: str) -> CollectionRecord:
    """As `readable`. Raises `Forbidden` to those who may only read it."""
    found = readable(db, reader, collection)
    if not reader.admin and found.owner != reader.tenant:
        raise Forbidden("This collection was shared with you to be read, not to be changed.")
    return found


def check_creates(reader: Reader) -> None:
    """Raises `Forbidden` to those who are kept to collections that are named."""
    if reader.only is not None:
        raise Forbidden("This key may use the collections it was made for, and make no others.")


def visible(db: apsw.Connection, reader: Reader, query: PageQuery) -> Page[CollectionRecord]:
    """Of all that the reader may read."""

    def number_of(cursor: str) -> int | None:
        found = _collections(db, reader, cursor, Window())
        return found[0].number if found else None

    return page_of(_collections(db, reader, None, window_of(query, number_of)), query)


def named(db: apsw.Connection, reader: Reader, name: str) -> list[CollectionRecord]:
    """Those with this name that the reader may read."""
    return _collections(db, reader, None, Window(), storable(name))


def own_file(db: apsw.Connection, reader: Reader, file: str) -> FileRecord:
    """Raises `Unknown` where there is none, or none of this reader's."""
    for found in _files(db, reader, file, Window()):
        return found
    raise Unknown("file", file)


def own_files(
    db: apsw.Connection, reader: Reader, query: PageQuery, purpose: str | None
) -> Page[FileRecord]:
    """Of the reader's files, of one `purpose` or all."""

    def number_of(cursor: str) -> int | None:
        found = _files(db, reader, cursor, Window())
        return found[0].number if found else None

    return page_of(_files(db, reader, None, window_of(query, number_of), purpose), query)


def storable(text: str) -> str:
    """`text` as SQLite takes it: a lone surrogate, which it does not, is in nothing kept."""
    return text.encode("utf-8", "replace").decode()


def _collections(
    db: apsw.Connection,
    reader: Reader,
    collection: str | None,
    window: Window,
    name: str | None = None,
) -> list[CollectionRecord]:
    asked = _asked(reader, collection) | window.bounds | {"name": name}
    return [_collection(row) for row in rows(db, window.sql(_COLLECTIONS), asked)]


def _files(
    db: apsw.Connection,
    reader: Reader,
    file: str | None,
    window: Window,
    purpose: str | None = None,
) -> list[FileRecord]:
    asked = _asked(reader, file) | window.bounds | {"purpose": purpose}
    return [FileRecord(*row) for row in rows(db, window.sql(_FILES), asked)]


def _asked(reader: Reader, what: str | None) -> dict[str, Any]:
    known = what if what is None else storable(what)
    only = None if reader.only is None else orjson.dumps(list(map(storable, reader.only))).decode()
    return {"id": known, "tenant": reader.tenant, "admin": reader.admin, "only": only}


def _collection(row: tuple[Any, ...]) -> CollectionRecord:
    *start, metadata, settings, expires, version, embedder, dimension, generation, readers = row
    loads = orjson.loads
    values = [*start, loads(metadata), loads(settings), expires, version]
    values += [embedder, dimension, generation, tuple(loads(readers))]
    return CollectionRecord(*values)
