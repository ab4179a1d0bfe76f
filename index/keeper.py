"""A library on this machine: the store, its ingestion and its retrieval behind one door.

The store's calls block, so they run in threads; its own lock puts writers in a row.
"""

import asyncio
from asyncio import to_thread
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from index.documents import Attributes, Question, StoredPassage
from index.errors import IndexRefusal, InvalidQuery, Unknown
from index.filtered import Filtered
from index.filters import Filter
from index.incoming import Incoming
from index.ingestion import Ingestion
from index.library import PIECE, Addition, Collection, Embedders, Search, keeps_answers
from index.retriever import Retrieval, retrieve
from index.source import Source
from index.store.collections import Changes, Embedding, NewCollection
from index.store.records import (
    CollectionRecord,
    DocumentRecord,
    FileRecord,
    NewDocument,
    Page,
    PageQuery,
    Reader,
    State,
)
from index.store.source import CollectionSource
from index.store.store import Store
from models.reranker import Reranker

MOST_COLLECTIONS: Final = 16  # of one search
TIDYING: Final = 600.0  # seconds between two looks for collections whose time has come


@dataclass(frozen=True, slots=True)
class KeeperOptions:
    """`file`: most bytes of one. `reranker` None: nothing rereads what was found."""

    file: int = 256 << 20
    reranker: Reranker | None = None


class Keeper:
    """`start` once, `close` at the end. `made_by`: what makes the vectors of new collections."""

    def __init__(
        self,
        store: Store,
        ingestion: Ingestion,
        made_by: Embedding,
        incoming: Path,
        options: KeeperOptions | None = None,
    ) -> None:
        self._store = store
        self._ingestion = ingestion
        self._made_by = made_by
        self._options = options or KeeperOptions()
        self._incoming = Incoming(incoming, self._options.file)
        self._tidying: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Goes on with the jobs that an earlier process did not end."""
        await to_thread(self._incoming.clear)
        await self._ingestion.start()
        self._tidying = asyncio.create_task(self._tidy())

    async def close(self) -> None:
        if self._tidying:
            self._tidying.cancel()
            await asyncio.gather(self._tidying, return_exceptions=True)
        await self._ingestion.close()
        await to_thread(self._store.close)

    async def _tidy(self) -> None:
        while True:
            with suppress(IndexRefusal):
                await to_thread(self._store.collections.delete_expired)
            await asyncio.sleep(TIDYING)

    async def create_collection(self, reader: Reader, new: NewCollection) -> Collection:
        record = await to_thread(self._store.collections.create, reader, new, self._made_by)
        return await self._counted(reader, record)

    async def collection(self, reader: Reader, collection: str) -> Collection:
        record = await to_thread(self._store.collections.get, reader, collection)
        return await self._counted(reader, record)

    async def collections(self, reader: Reader, query: PageQuery) -> Page[Collection]:
        page = await to_thread(self._store.collections.page, reader, query)
        counted = []
        for record in page.items:
            with suppress(Unknown):  # deleted meanwhile
                counted.append(await self._counted(reader, record))
        return Page(tuple(counted), page.has_more)

    async def change_collection(
        self, reader: Reader, collection: str, changes: Changes
    ) -> Collection:
        record = await to_thread(self._store.collections.change, reader, collection, changes)
        return await self._counted(reader, record)

    async def delete_collection(self, reader: Reader, collection: str, with_files: bool) -> None:
        files = await to_thread(self._store.collections.delete, reader, collection)
        if with_files:
            await to_thread(self._store.files.delete_unused, reader, files)

    async def share(self, reader: Reader, collection: str, tenant: str) -> None:
        await to_thread(self._store.collections.share, reader, collection, tenant)

    async def unshare(self, reader: Reader, collection: str, tenant: str) -> None:
        await to_thread(self._store.collections.unshare, reader, collection, tenant)

    async def embedders(self, reader: Reader, collection: str) -> Embedders:
        return await self._ingestion.renewal.standing(reader, collection)

    async def use_former_embedder(self, reader: Reader, collection: str) -> None:
        await self._ingestion.renewal.back(reader, collection)

    async def forget_former_embedder(self, reader: Reader, collection: str) -> None:
        await self._ingestion.renewal.confirm(reader, collection)

    async def receive(self, upload: str, data: bytes) -> None:
        await to_thread(self._incoming.append, upload, data)

    async def discard(self, upload: str) -> None:
        await to_thread(self._incoming.discard, upload)

    async def add_file(self, reader: Reader, name: str, upload: str, purpose: str) -> FileRecord:
        return await to_thread(self._kept, reader, name, upload, purpose)

    async def file(self, reader: Reader, file: str) -> FileRecord:
        return await to_thread(self._store.files.get, reader, file)

    async def files(
        self, reader: Reader, query: PageQuery, purpose: str | None
    ) -> Page[FileRecord]:
        return await to_thread(self._store.files.page, reader, query, purpose)

    async def read_file(self, reader: Reader, file: str, offset: int) -> bytes:
        path = await to_thread(self._store.files.original, reader, file)
        return await to_thread(_piece, path, offset)

    async def delete_file(self, reader: Reader, file: str) -> None:
        await to_thread(self._store.files.delete, reader, file)

    async def add_document(self, reader: Reader, addition: Addition) -> DocumentRecord:
        file = await to_thread(self._store.files.get, reader, addition.file)
        name, attributes = addition.name or file.name, addition.attributes or {}
        new = NewDocument(file.id, name, file.sha256, attributes)
        begun = await to_thread(self._store.jobs.begin, reader, addition.collection, new)
        if begun.work:
            self._ingestion.add(begun.document)
        return begun.document

    async def document(self, reader: Reader, collection: str, document: str) -> DocumentRecord:
        return await to_thread(self._store.documents.get, reader, collection, document)

    async def documents(
        self, reader: Reader, collection: str, query: PageQuery, state: State | None
    ) -> Page[DocumentRecord]:
        return await to_thread(self._store.documents.page, reader, collection, query, state)

    async def set_attributes(
        self, reader: Reader, collection: str, document: str, attributes: Attributes
    ) -> DocumentRecord:
        return await to_thread(
            self._store.documents.set_attributes, reader, collection, document, attributes
        )

    async def cancel(self, reader: Reader, collection: str, document: str) -> DocumentRecord:
        found = await to_thread(self._store.documents.get, reader, collection, document)
        ended = await to_thread(self._store.jobs.cancel, reader, collection, found.id)
        self._ingestion.stop(found.id)
        return ended

    async def delete_document(
        self, reader: Reader, collection: str, document: str, with_files: bool
    ) -> None:
        gone = await to_thread(self._store.documents.delete, reader, collection, document)
        for each in gone:
            self._ingestion.stop(each.id)
        if with_files:
            files = {each.file for each in gone}
            await to_thread(self._store.files.delete_unused, reader, files)

    async def passages(self, reader: Reader, collection: str, document: str) -> list[StoredPassage]:
        return await to_thread(self._store.documents.passages, reader, collection, document)

    async def read_original(
        self, reader: Reader, collection: str, document: str, offset: int
    ) -> bytes:
        path = await to_thread(self._store.documents.original, reader, collection, document)
        return await to_thread(_piece, path, offset)

    async def search(self, reader: Reader, search: Search) -> Retrieval:
        if not 1 <= len(search.collections) <= MOST_COLLECTIONS:
            raise InvalidQuery(f"Name 1 to {MOST_COLLECTIONS} collections.", "collections")
        sources = [await to_thread(self._source, reader, name) for name in search.collections]
        question = search.question
        if not all(self._ingestion.speaks_for(source.collection) for source in sources):
            question = Question(question.text)  # vectors of another embedder: words decide
        filtered = [await to_thread(_filtered, source, search.filter) for source in sources]
        found = await retrieve(question, filtered, search.plan, self._options.reranker)
        return replace(found, keep=all(keeps_answers(source.collection) for source in sources))

    def _source(self, reader: Reader, name: str) -> CollectionSource:
        """The collection with this id, or else this name."""
        try:
            return self._store.source(reader, name)
        except Unknown:
            return self._store.source(reader, self._named(reader, name))

    def _named(self, reader: Reader, name: str) -> str:
        """Raises `Unknown`, also where two have the name."""
        found = self._store.collections.named(reader, name)
        if len(found) != 1:
            raise Unknown("collection", name)
        return found[0].id

    async def _counted(self, reader: Reader, record: CollectionRecord) -> Collection:
        return Collection(
            record, await to_thread(self._store.collections.counts, reader, record.id)
        )

    def _kept(self, reader: Reader, name: str, upload: str, purpose: str) -> FileRecord:
        with self._incoming.whole(upload) as received:
            return self._store.files.add(reader, name, received, purpose)


def _filtered(source: CollectionSource, asked: Filter | None) -> Source:
    return source if asked is None else Filtered(source, source.matching(asked))


def _piece(path: Path, offset: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(PIECE)
