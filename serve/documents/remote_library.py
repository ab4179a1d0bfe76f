"""A library in another process: every call is one question by name. See `index.library`."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, cast

from index.documents import Attributes, StoredPassage
from index.library import Addition, Collection, Embedders, Library, Search
from index.retriever import Retrieval
from index.store.collections import Changes, NewCollection
from index.store.records import DocumentRecord, FileRecord, Page, PageQuery, Reader, State

Ask = Callable[[str, tuple[Any, ...]], Awaitable[Any]]
CALLS: Final = frozenset(name for name in vars(Library) if not name.startswith("_"))


async def answer(library: Library, call: str, asked: tuple[Any, ...]) -> Any:
    """What the process of `library` does with a question."""
    if call not in CALLS:
        raise ValueError(call)
    return await getattr(library, call)(*asked)


class RemoteLibrary:
    """`ask` carries a call's name and arguments there, and what it returns or raises back."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def create_collection(self, reader: Reader, new: NewCollection) -> Collection:
        return cast(Collection, await self._ask("create_collection", (reader, new)))

    async def collection(self, reader: Reader, collection: str) -> Collection:
        return cast(Collection, await self._ask("collection", (reader, collection)))

    async def collections(self, reader: Reader, query: PageQuery) -> Page[Collection]:
        return cast(Page[Collection], await self._ask("collections", (reader, query)))

    async def change_collection(
        self, reader: Reader, collection: str, changes: Changes
    ) -> Collection:
        asked = (reader, collection, changes)
        return cast(Collection, await self._ask("change_collection", asked))

    async def delete_collection(self, reader: Reader, collection: str, with_files: bool) -> None:
        await self._ask("delete_collection", (reader, collection, with_files))

    async def share(self, reader: Reader, collection: str, tenant: str) -> None:
        await self._ask("share", (reader, collection, tenant))

    async def unshare(self, reader: Reader, collection: str, tenant: str) -> None:
        await self._ask("unshare", (reader, collection, tenant))

    async def embedders(self, reader: Reader, collection: str) -> Embedders:
        return cast(Embedders, await self._ask("embedders", (reader, collection)))

    async def use_former_embedder(self, reader: Reader, collection: str) -> None:
        await self._ask("use_former_embedder", (reader, collection))

    async def forget_former_embedder(self, reader: Reader, collection: str) -> None:
        await self._ask("forget_former_embedder", (reader, collection))

    async def receive(self, upload: str, data: bytes) -> None:
        await self._ask("receive", (upload, data))

    async def discard(self, upload: str) -> None:
        await self._ask("discard", (upload,))

    async def add_file(self, reader: Reader, name: str, upload: str, purpose: str) -> FileRecord:
        asked = (reader, name, upload, purpose)
        return cast(FileRecord, await self._ask("add_file", asked))

    async def file(self, reader: Reader, file: str) -> FileRecord:
        return cast(FileRecord, await self._ask("file", (reader, file)))

    async def files(
        self, reader: Reader, query: PageQuery, purpose: str | None
    ) -> Page[FileRecord]:
        return cast(Page[FileRecord], await self._ask("files", (reader, query, purpose)))

    async def read_file(self, reader: Reader, file: str, offset: int) -> bytes:
        return cast(bytes, await self._ask("read_file", (reader, file, offset)))

    async def delete_file(self, reader: Reader, file: str) -> None:
        await self._ask("delete_file", (reader, file))

    async def add_document(self, reader: Reader, addition: Addition) -> DocumentRecord:
        return cast(DocumentRecord, await self._ask("add_document", (reader, addition)))

    async def document(self, reader: Reader, collection: str, document: str) -> DocumentRecord:
        asked = (reader, collection, document)
        return cast(DocumentRecord, await self._ask("document", asked))

    async def documents(
        self, reader: Reader, collection: str, query: PageQuery, state: State | None
    ) -> Page[DocumentRecord]:
        asked = (reader, collection, query, state)
        return cast(Page[DocumentRecord], await self._ask("documents", asked))

    async def set_attributes(
        self, reader: Reader, collection: str, document: str, attributes: Attributes
    ) -> DocumentRecord:
        asked = (reader, collection, document, attributes)
        return cast(DocumentRecord, await self._ask("set_attributes", asked))

    async def cancel(self, reader: Reader, collection: str, document: str) -> DocumentRecord:
        asked = (reader, collection, document)
        return cast(DocumentRecord, await self._ask("cancel", asked))

    async def delete_document(
        self, reader: Reader, collection: str, document: str, with_files: bool
    ) -> None:
        await self._ask("delete_document", (reader, collection, document, with_files))

    async def passages(self, reader: Reader, collection: str, document: str) -> list[StoredPassage]:
        asked = (reader, collection, document)
        return cast(list[StoredPassage], await self._ask("passages", asked))

    async def read_original(
        self, reader: Reader, collection: str, document: str, offset: int
    ) -> bytes:
        asked = (reader, collection, document, offset)
        return cast(bytes, await self._ask("read_original", asked))

    async def search(self, reader: Reader, search: Search) -> Retrieval:
        return cast(Retrieval, await self._ask("search", (reader, search)))
