"""Collections whose vectors another embedder made are embedded again, beside what they have.

Until that is done they are searched by words alone; see `index.store.reindex` for how it is done
without a moment in which they do not answer. Questions are embedded by the one embedder there is,
so the way back to former vectors is to start with the embedder that made them: they are used again
as soon as what came meanwhile is embedded, too.
"""

import asyncio
import logging
from asyncio import to_thread
from typing import Final

from index.errors import Conflict, IndexRefusal
from index.library import Embedders, VectorSet
from index.patience import embedded
from index.store.collections import Embedding
from index.store.generations import Embedded, Generation
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
        self._turn = asyncio.Lock()  # two at a time would write the same vectors

    def is_outdated(self, collection: CollectionRecord) -> bool:
        return collection.embedder != self._made_by.embedder

    async def run(self) -> None:
        """One collection after the other; one that the new model serves badly keeps the old."""
        for collection in await to_thread(self._outdated):
            try:
                async with self._turn:
                    recall = await self._store.reindexing.replace(
                        _ADMIN, collection.id, self._made_by, self._embed
                    )
            except (IndexRefusal, EngineError) as exc:
                LOG.error("collection %s keeps its vectors: %s", collection.id, exc.message)
            else:
                how = "the former ones" if recall is None else f"made again: {recall}"
                LOG.info("vectors of collection %s: %s", collection.id, how)

    async def standing(self, reader: Reader, collection: str) -> Embedders:
        """What vectors a collection has, those in use first."""
        sizes = await to_thread(self._store.reindexing.sizes, reader, collection)
        sets = [
            VectorSet(one.made_by.embedder, one.use, size, one.since, one.recall)
            for one, size in sizes
        ]
        sets.sort(key=lambda one: one.use != "current")
        return Embedders(self._made_by.embedder, tuple(sets))

    async def back(self, reader: Reader, collection: str) -> None:
        """To the former vectors. Raises `Conflict` unless the embedder made them that is there."""
        former = await self._former(reader, collection)
        if former.made_by != self._made_by:
            raise Conflict(
                f"The former vectors are of {former.made_by.embedder}, but questions are embedded "
                f"by {self._made_by.embedder}: their vectors cannot be compared. Set 'embedder' in "
                "the configuration to what it was and start again; the collection then goes back "
                "at once, and only what came meanwhile is embedded."
            )
        if self._turn.locked():
            raise Conflict("Collections are on their way to these vectors already.")
        async with self._turn:
            await self._store.reindexing.switch(reader, former, self._embed)

    async def confirm(self, reader: Reader, collection: str) -> None:
        """Forgets the former vectors. Raises `Conflict` while the collection goes back to them."""
        if (await self._former(reader, collection)).made_by == self._made_by:
            raise Conflict("The collection is on its way back to its former vectors.")
        await to_thread(self._store.reindexing.confirm, reader, collection)

    async def _former(self, reader: Reader, collection: str) -> Generation:
        found = await to_thread(self._store.reindexing.generations, reader, collection)
        for generation in found:
            if generation.use == "former":
                return generation
        raise Conflict("No former vectors of this collection are kept.")

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
