"""What the store tells of what it keeps, and what it is told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, Literal, TypeVar

from index.documents import Attributes, Passage, TokenVectors, Vector
from index.errors import InvalidQuery

State = Literal["in_progress", "completed", "cancelled", "failed"]
Order = Literal["asc", "desc"]
Item = TypeVar("Item")

MOST_ITEMS: Final = 100
MOST_NAME: Final = 1024  # characters


@dataclass(frozen=True, slots=True)
class Reader:
    """Who asks. An `admin` may read and write everything.

    `only`: there are no other collections for this reader than these, by id or name; None: no such
    limit.
    """

    tenant: str
    admin: bool = False
    only: tuple[str, ...] | None = None


NOBODY: Final = Reader("")


@dataclass(frozen=True, slots=True)
class CollectionRecord:
    """`version` rises with every change that an answer could show. `embedder` and `dimension` are
    those of its vectors, `generation` counts the changes of embedder. `number` is internal.
    """

    number: int
    id: str
    owner: str
    name: str
    created_at: float
    metadata: Mapping[str, str]
    settings: Mapping[str, Any]
    expires_at: float | None
    version: int
    embedder: str
    dimension: int
    generation: int
    readers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Counts:
    """How much a collection holds: documents by state, passages, and bytes of their text."""

    in_progress: int = 0
    completed: int = 0
    cancelled: int = 0
    failed: int = 0
    passages: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class FileRecord:
    id: str
    tenant: str
    name: str
    bytes: int
    sha256: str
    purpose: str
    created_at: float
    number: int


@dataclass(frozen=True, slots=True)
class NewDocument:
    """What a job is to read: `name` inside the collection is what makes it this document.

    `sha256` is of its content: for a member of an archive, not that of `file`.
    """

    file: str
    name: str
    sha256: str
    attributes: Attributes = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """`stage`, `done` and `total` tell how far a job is. `passages` is 0 until it is completed.

    `address` is the id that it is shown under: its file's, as in OpenAI's interface; of further
    documents of the same file, such as an archive's members, their own.
    """

    number: int
    id: str
    collection: str
    file: str
    name: str
    sha256: str
    attributes: Attributes
    state: State
    stage: str
    done: int
    total: int
    title: str
    media_type: str
    pages: int | None
    notes: tuple[str, ...]
    passages: int
    bytes: int
    error_code: str | None
    error_message: str | None
    created_at: float
    updated_at: float
    address: str


@dataclass(frozen=True, slots=True)
class Content:
    """What a job found, `vectors` (n, d) of length 1 and made by `embedder`.

    `token_vectors`: None, or for each passage (t, d) of length 1 and times 127.
    """

    passages: Sequence[Passage]
    vectors: Sequence[Vector]
    embedder: str
    token_vectors: Sequence[TokenVectors] | None = None
    title: str = ""
    media_type: str = ""
    pages: int | None = None
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class PageQuery:
    """At most `limit` items in `order` of creation, behind the id `after` or before `before`."""

    limit: int = 20
    order: Order = "desc"
    after: str | None = None
    before: str | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.limit <= MOST_ITEMS:
            raise InvalidQuery(f"The limit must be 1 to {MOST_ITEMS}.", "limit")
        if self.order not in ("asc", "desc"):
            raise InvalidQuery("The order must be 'asc' or 'desc'.", "order")


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    items: tuple[Item, ...]
    has_more: bool


def checked_name(name: str, param: str = "name") -> str:
    """`name` where it can be kept and shown; what it means to a file system does not matter."""
    if not name or len(name) > MOST_NAME or not name.isprintable():
        raise InvalidQuery(f"A name is 1 to {MOST_NAME} printable characters.", param)
    return name
