"""The sets of vectors of a collection: one for each embedding model that it has or may get."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import apsw
import orjson

from index.documents import Passage, TokenVectors, Vector
from index.errors import Unknown
from index.store import passage_rows
from index.store.collections import Embedding
from index.store.queries import all_rows, one_row, rows
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
    SELECT generation, embedder, dimension, since, recall FROM generations WHERE collection = ?
    ORDER BY generation
"""

Use = Literal["current", "former", "coming"]


@dataclass(frozen=True, slots=True)
class Embedded:
    """As in `Content`: a vector for each text, and its token vectors where there are any."""

    vectors: Sequence[Vector]
    token_vectors: Sequence[TokenVectors] | None = None


Embed = Callable[[list[str]], Awaitable[Embedded]]


@dataclass(frozen=True, slots=True)
class Generation:
    """One set of vectors of a collection.

    `since` when searches began to use it, in Unix seconds; None: never yet. `recall`: the share of
    sampled passages that it found when it was made; None: nothing was there to replace.
    """

    collection: CollectionRecord
    number: int
    made_by: Embedding
    since: float | None = None
    recall: float | None = None

    @property
    def use(self) -> Use:
        """`current` is what searches use, `former` what they used before, `coming` neither."""
        if self.number == self.collection.generation:
            return "current"
        return "coming" if self.since is None else "former"

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


def check_there(db: apsw.Connection, generation: Generation) -> None:
    """Raises `Unknown` where its collection was deleted meanwhile, and all its tables with it."""
    asked = (generation.collection.number, generation.number)
    sql = "SELECT 1 FROM generations WHERE collection = ? AND generation = ?"
    if not all_rows(db, sql, asked):
        raise Unknown("collection", generation.collection.id)


def generations_of(db: apsw.Connection, collection: CollectionRecord) -> list[Generation]:
    """Oldest first."""
    return [
        Generation(collection, number, Embedding(embedder, dimension), since, recall)
        for number, embedder, dimension, since, recall in rows(
            db, _GENERATIONS, (collection.number,)
        )
    ]


def size_of(db: apsw.Connection, generation: Generation) -> int:
    """How many passages have a vector in it."""
    sql = of("SELECT COUNT(*) FROM vectors_$_#", generation.collection.number, generation.number)
    return int(one_row(db, sql, ())[0])


def lacking(
    db: apsw.Connection, target: Generation, after: int, limit: int
) -> list[tuple[int, str]]:
    """Passages behind the id `after` without a vector in `target`, with what is embedded.

    Raises `Unknown` when it is gone.
    """
    check_there(db, target)
    number = target.collection.number
    found = rows(db, of(_LACKING, number, target.number), (number, after, after, limit))
    return [
        (row, Passage(0, text, 0, 0, 0, tuple(orjson.loads(headings))).embedded_text)
        for row, text, headings in found
    ]


def write(db: apsw.Connection, target: Generation, ids: Sequence[int], found: Embedded) -> None:
    """Those of `ids` that were not deleted meanwhile. Raises `VectorsRefused`, `Unknown`."""
    check_there(db, target)
    dimension, tokens = target.made_by.dimension, found.token_vectors
    passage_rows.check_vectors(found.vectors, len(ids), dimension)
    passage_rows.check_token_vectors(tokens, len(ids), dimension)
    where = target.collection.number, target.number
    for place, (row, vector) in enumerate(zip(ids, found.vectors, strict=True)):
        if all_rows(db, "SELECT 1 FROM passages WHERE id = ?", (row,)):
            token = None if tokens is None else tokens[place]
            passage_rows.insert_vectors(db, where, row, vector, token)
