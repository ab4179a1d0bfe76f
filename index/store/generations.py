"""The sets of vectors of a collection: one for each embedding model that it has or may get."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import apsw
import orjson

from index.documents import Passage, TokenVectors, Vector
from index.store import passage_rows
from index.store.collections import Embedding
from index.store.queries import all_rows, rows
from index.store.records import CollectionRecord
from index.store.tables import of
from index.vectors.cache import Key

_LACKING: Final = """
    SELECT p.id, p.text, p.headings
    FROM documents d
    JOIN passages p ON p.id BETWEEN d.first AND d.last
    LEFT JOIN vectors_$_# v ON v.id = p.id
    WHERE d.collection = ? AND d.last > ? AND p.id > ? AND v.id IS NULL
    ORDER BY p.id LIMIT ?
"""
_GENERATIONS: Final = """
    SELECT generation, embedder, dimension FROM generations WHERE collection = ?
    ORDER BY generation
"""


@dataclass(frozen=True, slots=True)
class Embedded:
    """As in `Content`: a vector for each text, and its token vectors where there are any."""

    vectors: Sequence[Vector]
    token_vectors: Sequence[TokenVectors] | None = None


Embed = Callable[[list[str]], Awaitable[Embedded]]


@dataclass(frozen=True, slots=True)
class Generation:
    """One set of vectors of a collection; `current` is what searches use."""

    collection: CollectionRecord
    number: int
    made_by: Embedding

    @property
    def current(self) -> bool:
        return self.number == self.collection.generation

    @property
    def key(self) -> Key:
        return Key(self.collection.number, self.number)

    @property
    def record(self) -> CollectionRecord:
        """The collection as it would be with these vectors."""
        embedder, dimension = self.made_by.embedder, self.made_by.dimension
        return replace(
            self.collection, embedder=embedder, dimension=dimension, generation=self.number
        )


def generations_of(db: apsw.Connection, collection: CollectionRecord) -> list[Generation]:
    """Oldest first."""
    found = rows(db, _GENERATIONS, (collection.number,))
    return [Generation(collection, n, Embedding(name, size)) for n, name, size in found]


def lacking(
    db: apsw.Connection, target: Generation, after: int, limit: int
) -> list[tuple[int, str]]:
    """Passages behind the id `after` without a vector in `target`, with what is embedded."""
    number = target.collection.number
    found = rows(db, of(_LACKING, number, target.number), (number, after, after, limit))
    return [
        (row, Passage(0, text, 0, 0, 0, tuple(orjson.loads(headings))).embedded_text)
        for row, text, headings in found
    ]


def write(db: apsw.Connection, target: Generation, ids: Sequence[int], found: Embedded) -> None:
    """Those of `ids` that were not deleted meanwhile. Raises `VectorsRefused`."""
    dimension, tokens = target.made_by.dimension, found.token_vectors
    passage_rows.check_vectors(found.vectors, len(ids), dimension)
    passage_rows.check_token_vectors(tokens, len(ids), dimension)
    where = target.collection.number, target.number
    for place, (row, vector) in enumerate(zip(ids, found.vectors, strict=True)):
        if all_rows(db, "SELECT 1 FROM passages WHERE id = ?", (row,)):
            token = None if tokens is None else tokens[place]
            passage_rows.insert_vectors(db, where, row, vector, token)
