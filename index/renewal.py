"""Collections whose vectors another embedder made are embedded again, beside what they have.

Until that is done they are searched by words alone; see `index.store.reindex` for how it is done
without a moment in which they do not answer.
"""

import logging
from asyncio import to_thread
from typing import Final

from index.errors import IndexRefusal
from index.patience import embedded
from index.store.collections import Embedding
from index.store.generations import Embedded
from index.store.records import MOST_ITEMS, CollectionRecord, PageQuery, Reader
from index.store.store import Store
from models.embedder import Embedder
from models.errors import EngineError

LOG = logging.getLogger("hearth.ingestion")
_ADMIN: Final = Reader("", admin=True)


class Renewal:
    """`made_by`: what the vectors of every collection should be made by."""

    def __init__(self, store: Store, embedder: Embedder, made_by: Embedding) -> None:
        self._store = store
        self._embedder = embedder
        self._made_by = made_by

    def is_outdated(self, collection: CollectionRecord) -> bool:
        return collection.embedder != self._made_by.embedder

    async def run(self) -> None:
        """One collection after the other; one that the new model serves badly keeps the old."""
        for collection in await to_thread(self._outdated):
            try:
                recall = await self._store.reindexing.replace(
                    _ADMIN, collection.id, self._made_by, self._embed
                )
            except (IndexRefusal, EngineError) as exc:
                LOG.error("collection %s keeps its vectors: %s", collection.id, exc.message)
            else:
                LOG.info("collection %s is embedded again: %s", collection.id, recall)

    async def _embed(self, texts: list[str]) -> Embedded:
        found = await embedded(self._embedder, texts)
        return Embedded(list(found.vectors), found.token_vectors)

    def _outdated(self) -> list[CollectionRecord]:
        found: list[CollectionRecord] = []
        query, more = PageQuery(MOST_ITEMS, "asc"), True
        while more:
            page = self._store.collections.page(_ADMIN, query)
            found += filter(self.is_outdated, page.items)
            more = page.has_more
            query = PageQuery(MOST_ITEMS, "asc", after=page.items[-1].id if page.items else None)
        return found
