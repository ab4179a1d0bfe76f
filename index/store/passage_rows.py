"""Passages, vectors and full text as rows, written and removed together."""

from collections.abc import Collection, Mapping
from typing import Any, Final

import apsw
import numpy as np
import orjson

from index.documents import Passage, StoredPassage, TokenVectors, Vector
from index.errors import Conflict, VectorsRefused
from index.store.queries import all_rows, rows
from index.store.records import CollectionRecord, Content
from index.store.tables import of

_LENGTHS: Final = (0.99, 1.01)  # of a vector of length 1

_INSERT: Final = """
    INSERT INTO passages
        (document, ordinal, text, start, end, tokens, headings, first_page, last_page, turns)
    VALUES (?,?,?,?,?,?,?,?,?,?)
"""
# The id that a document `d` is shown under: see `DocumentRecord`.
ADDRESS: Final = """
    CASE WHEN EXISTS (
        SELECT 1 FROM documents e
        WHERE e.file = d.file AND e.number < d.number AND e.collection = d.collection
    ) THEN d.id ELSE d.file END
"""
_SELECT: Final = """
    SELECT p.id, d.id, d.name, d.attributes, ADDRESS, p.ordinal, p.text, p.start, p.end, p.tokens,
           p.headings, p.first_page, p.last_page, p.turns
    FROM json_each(?) AS wanted
    JOIN passages p ON p.id = wanted.value
    JOIN documents d ON d.number = p.document
    WHERE d.collection = ?
""".replace("ADDRESS", ADDRESS)
_VECTORS: Final = """
    SELECT id, vector FROM vectors_$_# WHERE id IN (SELECT value FROM json_each(?))
"""
_TOKEN_VECTORS: Final = """
    SELECT id, rows, vectors FROM token_vectors_$_#
    WHERE id IN (SELECT value FROM json_each(?))
"""


def checked(content: Content, collection: CollectionRecord) -> None:
    """Raises `VectorsRefused` for what an embedder should not have given, `Conflict` when the
    collection has another embedder by now.
    """
    if content.embedder != collection.embedder:
        raise Conflict("The collection's embedding model changed meanwhile: embed it again.")
    check_vectors(content.vectors, len(content.passages), collection.dimension)
    check_token_vectors(content.token_vectors, len(content.passages), collection.dimension)


def check_vectors(vectors: Collection[Vector], count: int, dimension: int) -> None:
    """Raises `VectorsRefused`: nothing wrong may reach the database, where it would stay."""
    if len(vectors) != count:
        raise VectorsRefused(f"The embedder gave {len(vectors)} vectors for {count} passages.")
    for vector in vectors:
        if vector.shape != (dimension,):
            raise VectorsRefused(f"A vector has the shape {vector.shape} and not ({dimension},).")
        length = float(np.linalg.norm(vector))
        if not _LENGTHS[0] <= length <= _LENGTHS[1]:  # nor is NaN
            raise VectorsRefused(f"A vector has the length {length:.3f} and not 1.")


def check_token_vectors(
    tokens: Collection[TokenVectors] | None, count: int, dimension: int
) -> None:
    """Raises `VectorsRefused`. None: there are none."""
    if tokens is not None and len(tokens) != count:
        raise VectorsRefused("The token vectors are not those of the passages.")
    for each in tokens or ():
        if each.dtype != np.int8 or each.ndim != 2 or each.shape[1] != dimension:
            raise VectorsRefused(f"Token vectors must be int8 of (t, {dimension}).")


def insert(
    db: apsw.Connection, collection: CollectionRecord, document: int, content: Content
) -> tuple[int, int] | None:
    """The first and last passage id; None where there are no passages."""
    first = last = 0
    for place, passage in enumerate(content.passages):
        db.execute(_INSERT, (document, *_columns(passage)))
        last = db.last_insert_rowid()
        first = first or last
        _insert_beside(db, collection, last, content, place)
    return (first, last) if content.passages else None


def _insert_beside(
    db: apsw.Connection, collection: CollectionRecord, row: int, content: Content, place: int
) -> None:
    where = collection.number, collection.generation
    text = content.passages[place].embedded_text
    db.execute(of("INSERT INTO words_$ (rowid, text) VALUES (?,?)", *where), (row, text))
    tokens = None if content.token_vectors is None else content.token_vectors[place]
    insert_vectors(db, where, row, content.vectors[place], tokens)


def insert_vectors(
    db: apsw.Connection,
    where: tuple[int, int],
    row: int,
    vector: Vector,
    tokens: TokenVectors | None,
) -> None:
    """`where`: the collection's number and the generation."""
    blob = np.ascontiguousarray(vector, "<f4").tobytes()
    db.execute(of("INSERT INTO vectors_$_# VALUES (?,?)", *where), (row, blob))
    if tokens is not None:
        sql = of("INSERT INTO token_vectors_$_# VALUES (?,?,?)", *where)
        db.execute(sql, (row, len(tokens), tokens.tobytes()))


def delete(db: apsw.Connection, collection: int, first: int, last: int) -> None:
    """Everywhere, in all generations of vectors."""
    span = (first, last)
    db.execute("DELETE FROM passages WHERE id BETWEEN ? AND ?", span)
    db.execute(of("DELETE FROM words_$ WHERE rowid BETWEEN ? AND ?", collection), span)
    sql = "SELECT generation FROM generations WHERE collection = ?"
    for (generation,) in all_rows(db, sql, (collection,)):
        for table in ("vectors_$_#", "token_vectors_$_#"):
            sql = of(_DELETE.replace("TABLE", table), collection, generation)
            db.execute(sql, span)


_DELETE: Final = "DELETE FROM TABLE WHERE id BETWEEN ? AND ?"


def passages(
    db: apsw.Connection, collection: CollectionRecord, ids: Collection[int]
) -> dict[int, StoredPassage]:
    found = rows(db, _SELECT, (_json(ids), collection.number))
    return {row[0]: _passage(row, collection.id) for row in found}


def vectors(
    db: apsw.Connection, collection: CollectionRecord, ids: Collection[int]
) -> Mapping[int, Vector]:
    sql = of(_VECTORS, collection.number, collection.generation)
    return {row: np.frombuffer(blob, "<f4") for row, blob in rows(db, sql, (_json(ids),))}


def token_vectors(
    db: apsw.Connection, collection: CollectionRecord, ids: Collection[int]
) -> Mapping[int, TokenVectors]:
    sql = of(_TOKEN_VECTORS, collection.number, collection.generation)
    return {
        row: np.frombuffer(blob, np.int8).reshape(count, collection.dimension)
        for row, count, blob in rows(db, sql, (_json(ids),))
    }


def _json(ids: Collection[int]) -> str:
    return orjson.dumps([int(one) for one in ids]).decode()


def _columns(passage: Passage) -> tuple[Any, ...]:
    headings = orjson.dumps(passage.headings).decode()
    return (
        passage.ordinal, passage.text, passage.start, passage.end, passage.tokens, headings,
        passage.first_page, passage.last_page, orjson.dumps(passage.turns).decode(),
    )  # fmt: skip


def _passage(row: tuple[Any, ...], collection: str) -> StoredPassage:
    row_id, document, name, attributes, address, *columns = row
    ordinal, text, start, end, tokens, headings, first_page, last_page, turns = columns
    passage = Passage(
        ordinal, text, start, end, tokens, tuple(orjson.loads(headings)), first_page, last_page,
        tuple((begin, page) for begin, page in orjson.loads(turns)),
    )  # fmt: skip
    known = orjson.loads(attributes)
    return StoredPassage(row_id, collection, document, name, passage, known, address)
