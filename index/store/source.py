"""A collection as retrieval sees it: `index.source.Source` over the database and its vectors."""

from collections.abc import Collection, Mapping, Sequence

import apsw
import numpy as np
import orjson

from index.documents import StoredPassage, TokenVectors, Vector
from index.errors import StorageFailed
from index.filters import Filter, passes
from index.source import Ranked
from index.store import passage_rows
from index.store.database import DAMAGED, Database
from index.store.fulltext import TextIndex
from index.store.queries import rows
from index.store.records import CollectionRecord
from index.store.tables import of
from index.vectors.exact import Matrix
from index.vectors.nearest import NearestPassages
from index.vectors.roster import Ids, Roster, Span

_SPANS = """
    SELECT first, last, id FROM documents
    WHERE collection = ? AND first IS NOT NULL ORDER BY first
"""
_VECTORS = "SELECT id, vector FROM vectors_$_# WHERE id BETWEEN ? AND ? ORDER BY id"
_ATTRIBUTES = "SELECT id, attributes FROM documents WHERE collection = ? AND first IS NOT NULL"


class StoredCollection:
    """What `NearestPassages` is refreshed with: one generation, at the moment `db` sees."""

    def __init__(self, db: apsw.Connection, collection: CollectionRecord) -> None:
        self._db = db
        self._collection = collection
        self.version = collection.version

    def roster(self) -> Roster:
        return Roster([Span(*row) for row in rows(self._db, _SPANS, (self._collection.number,))])

    def vectors(self, ids: Ids) -> Matrix:
        """Raises `StorageFailed` where one is missing."""
        sql = of(_VECTORS, self._collection.number, self._collection.generation)
        wanted = set(ids.tolist())
        found = rows(self._db, sql, (int(ids[0]), int(ids[-1])))
        blobs = [blob for row, blob in found if row in wanted]
        if len(blobs) != len(ids):
            raise StorageFailed(DAMAGED)
        return np.frombuffer(b"".join(blobs), "<f4").reshape(len(ids), self._collection.dimension)


class CollectionSource:
    """One collection; see `Source`. Every call reads at one moment of its own, so that a passage
    that was deleted between two calls is simply not there.
    """

    def __init__(
        self,
        db: Database,
        collection: CollectionRecord,
        nearest: NearestPassages,
        texts: TextIndex,
    ) -> None:
        self.collection = collection
        self._db = db
        self._nearest = nearest
        self._texts = texts

    @property
    def size(self) -> int:
        return self._nearest.roster.size

    @property
    def dimension(self) -> int:
        return self.collection.dimension

    def lexical(
        self, words: Sequence[str], k: int, documents: Collection[str] | None = None
    ) -> Ranked:
        roster = self._nearest.roster
        chosen = None if documents is None else roster.chosen(documents)
        with self._db.reading() as db:
            return self._texts.search(db, words, k, roster, chosen)

    def dense(self, vector: Vector, k: int, documents: Collection[str] | None = None) -> Ranked:
        return self._nearest.search(vector, k, documents)

    def passages(self, ids: Collection[int]) -> Mapping[int, StoredPassage]:
        with self._db.reading() as db:
            return passage_rows.passages(db, self.collection, ids)

    def vectors(self, ids: Collection[int]) -> Mapping[int, Vector]:
        with self._db.reading() as db:
            return passage_rows.vectors(db, self.collection, ids)

    def token_vectors(self, ids: Collection[int]) -> Mapping[int, TokenVectors]:
        with self._db.reading() as db:
            return passage_rows.token_vectors(db, self.collection, ids)

    def matching(self, asked: Filter) -> frozenset[str]:
        """The documents whose attributes pass: what `documents` in the other methods takes."""
        with self._db.reading() as db:
            found = rows(db, _ATTRIBUTES, (self.collection.number,))
            passing = (name for name, text in found if passes(asked, orjson.loads(text)))
            return frozenset(passing)
