"""The library of an appliance, in one folder.

<folder>/library.db     collections, documents, passages, vectors and full text: the truth
<folder>/files/         the files as they came
<folder>/graphs/        indexes of vectors, made again from the database when anything is wrong
"""

import time
from collections.abc import Callable
from pathlib import Path

from index.store import access
from index.store.collections import Collections
from index.store.database import Database
from index.store.documents import Documents
from index.store.files import Files
from index.store.fulltext import TextIndex
from index.store.jobs import Jobs
from index.store.originals import Originals
from index.store.queries import rows
from index.store.records import Reader
from index.store.reindex import Reindexing
from index.store.source import CollectionSource, StoredCollection
from index.vectors.cache import Key, NearestCache
from index.vectors.nearest import FEW


class Store:
    """One process at a time uses a folder; its threads may all use the store, `close` last.

    Everything may raise `StorageBusy` or `StorageFailed`; what writes, `StorageFull` too. Whoever
    may not see something gets `Unknown`. `quota` in bytes of the database; `few` passages of a
    collection are compared one by one, more get a graph.
    """

    def __init__(
        self,
        folder: Path,
        quota: int | None = None,
        clock: Callable[[], float] = time.time,
        few: int = FEW,
    ) -> None:
        self._db = Database(folder / "library.db", quota)
        originals = Originals(folder / "files")
        self._nearest = NearestCache(folder / "graphs", few)
        self._texts: dict[int, TextIndex] = {}
        self.collections = Collections(self._db, clock, self._forget)
        self.files = Files(self._db, originals, clock)
        self.documents = Documents(self._db, originals, clock)
        self.jobs = Jobs(self._db, clock)
        self.reindexing = Reindexing(self._db, self._nearest, clock)
        if self.failed is None:
            self._clear_away()

    @property
    def failed(self) -> str | None:
        """Why nothing can be changed any more, for people; None when all is well."""
        return self._db.failed

    def source(self, reader: Reader, collection: str) -> CollectionSource:
        """To search in it, as it is now."""
        with self._db.reading() as db:
            found = access.readable(db, reader, collection)
            nearest = self._nearest.of(
                Key(found.number, found.generation),
                found.dimension,
                lambda nearest: nearest.refresh(StoredCollection(db, found)),
            )
        texts = self._texts.setdefault(found.number, TextIndex(found.number))
        return CollectionSource(self._db, found, nearest, texts)

    def settle(self) -> None:
        """Waits until all indexes that searches have asked for are built."""
        self._nearest.settle()

    def close(self) -> None:
        self._nearest.close()
        self._db.close()

    def _forget(self, collection: int) -> None:
        self._nearest.drop(lambda key: key.collection == collection)
        self._texts.pop(collection, None)

    def _clear_away(self) -> None:
        """What a process that died left unfinished beside the database."""
        self.files.sweep()
        with self._db.reading() as db:
            known = rows(db, "SELECT collection, generation FROM generations")
            self._nearest.sweep({Key(*row) for row in known})
