"""What a library does for whoever asks: collections, files, documents, and what is found in them.

There are two: `index.keeper.Keeper`, which keeps it all on this machine, and the far side of one
in another process. Everything may raise an `IndexRefusal`.
"""

from dataclasses import dataclass
from typing import Final, Protocol

from index.documents import Attributes, Question, StoredPassage
from index.filters import Filter
from index.retriever import Retrieval, RetrievalPlan
from index.store.collections import Changes, NewCollection
from index.store.generations import Use
from index.store.records import (
    CollectionRecord,
    Counts,
    DocumentRecord,
    FileRecord,
    Page,
    PageQuery,
    Reader,
    State,
)

CACHE: Final = "cache"  # in a collection's settings: how answers from it are kept
OFF: Final = "off"


@dataclass(frozen=True, slots=True)
class Collection:
    """What is known of one, and how much it holds."""

    record: CollectionRecord
    counts: Counts


def keeps_answers(record: CollectionRecord) -> bool:
    """Whether answers from it may be kept, and be given again."""
    return record.settings.get(CACHE) != OFF


@dataclass(frozen=True, slots=True)
class VectorSet:
    """`passages` have a vector made by `embedder`; for the rest see `Generation`."""

    embedder: str
    use: Use
    passages: int
    since: float | None
    recall: float | None


@dataclass(frozen=True, slots=True)
class Embedders:
    """`asking` embeds questions; `sets` are the vectors of a collection, those in use first."""

    asking: str
    sets: tuple[VectorSet, ...]


@dataclass(frozen=True, slots=True)
class Addition:
    """A file that shall be in a collection. `name` None: the file's own."""

    collection: str
    file: str
    name: str | None = None
    attributes: Attributes | None = None


@dataclass(frozen=True, slots=True)
class Search:
    """`collections`: ids, or names of what the reader may read."""

    question: Question
    collections: tuple[str, ...]
    plan: RetrievalPlan
    filter: Filter | None = None


class Library(Protocol):
    async def create_collection(self, reader: Reader, new: NewCollection) -> Collection: ...

    async def collection(self, reader: Reader, collection: str) -> Collection: ...

    async def collections(self, reader: Reader, query: PageQuery) -> Page[Collection]: ...

    async def change_collection(
        self, reader: Reader, collection: str, changes: Changes
    ) -> Collection: ...

    async def delete_collection(self, reader: Reader, collection: str, with_files: bool) -> None:
        """`with_files`: the reader's own that no other document was made from go, too."""

    async def share(self, reader: Reader, collection: str, tenant: str) -> None: ...

    async def unshare(self, reader: Reader, collection: str, tenant: str) -> None: ...

    async def embedders(self, reader: Reader, collection: str) -> Embedders: ...

    async def use_former_embedder(self, reader: Reader, collection: str) -> None:
        """Raises `Conflict` where no former vectors are kept, or another embedder is there."""

    async def forget_former_embedder(self, reader: Reader, collection: str) -> None:
        """There is no way back any more. Raises `Conflict` where there is none already."""

    async def receive(self, upload: str, data: bytes) -> None:
        """One more piece of a file. `upload` is a name of 16 to 64 letters and digits."""

    async def discard(self, upload: str) -> None:
        """What was received is not wanted after all."""

    async def add_file(self, reader: Reader, name: str, upload: str, purpose: str) -> FileRecord:
        """The received pieces as a file that is kept, bytes and all, when this returns."""

    async def file(self, reader: Reader, file: str) -> FileRecord: ...

    async def files(
        self, reader: Reader, query: PageQuery, purpose: str | None
    ) -> Page[FileRecord]: ...

    async def read_file(self, reader: Reader, file: str, offset: int) -> bytes:
        """At most `PIECE` bytes from `offset` on; none at the end."""

    async def delete_file(self, reader: Reader, file: str) -> None:
        """With every document that was made from it."""

    async def add_document(self, reader: Reader, addition: Addition) -> DocumentRecord:
        """Begins the work; the document is found when its state is completed."""

    async def document(self, reader: Reader, collection: str, document: str) -> DocumentRecord: ...

    async def documents(
        self, reader: Reader, collection: str, query: PageQuery, state: State | None
    ) -> Page[DocumentRecord]: ...

    async def set_attributes(
        self, reader: Reader, collection: str, document: str, attributes: Attributes
    ) -> DocumentRecord: ...

    async def cancel(self, reader: Reader, collection: str, document: str) -> DocumentRecord: ...

    async def delete_document(
        self, reader: Reader, collection: str, document: str, with_files: bool
    ) -> None:
        """Gone from all answers when this returns; of an archive, all that it held. `with_files` as
        for collections.
        """

    async def passages(
        self, reader: Reader, collection: str, document: str
    ) -> list[StoredPassage]: ...

    async def read_original(
        self, reader: Reader, collection: str, document: str, offset: int
    ) -> bytes:
        """As `read_file`, for all who may read the collection."""

    async def search(self, reader: Reader, search: Search) -> Retrieval: ...


PIECE = 1 << 20  # bytes of a file that travel together
