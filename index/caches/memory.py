"""What a memory of answers does for whoever asks.

There are two: `index.caches.local.LocalMemory`, in this process, and the far side of one that
several gateways share. Ages are in seconds. The far side raises nothing: what it cannot have in
time is not there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from index.caches.measured import Measured
from index.caches.sealed import Kept, Sealed
from index.caches.semantic import Found
from index.caches.verdict import Sentence


@dataclass(frozen=True, slots=True)
class Place:
    """Where a question stands among those in other words: what it says, and all else that could
    change its answer, as a digest.
    """

    context: bytes
    sentence: Sentence


@dataclass(frozen=True, slots=True)
class Similar:
    """What was found for a question in other words, and why; or, without `found`, why not.

    `trial`: an answer that was found, or was nearly, and what can be told to `observe` of it.
    """

    found: Kept | None
    reason: str
    trial: "Trial | None" = None


@dataclass(frozen=True, slots=True)
class Trial:
    """Whether `kept` would have been right, who generates an answer anyway can find out."""

    kept: Kept
    judged: Found


@dataclass(frozen=True, slots=True)
class Told:
    """How `count` questions ended (`verdict`: hit, similar, joined, miss), and what that saved."""

    verdict: str
    tokens: int = 0
    milliseconds: float = 0.0
    count: int = 1


@dataclass(frozen=True, slots=True)
class Standing:
    """Of the file that answers outlive a restart in: `waiting` changes are not in it yet;
    `trouble`: why it is not written at present.
    """

    waiting: int
    trouble: str | None


@dataclass(frozen=True, slots=True)
class Stats:
    """Since its start. `questions`: of the entries, those that are found in other words, too;
    `measured`: how often that was wrong.
    `stored` None: answers are in memory only.
    """

    entries: int
    size: int  # bytes
    most: int
    questions: int
    questions_size: int
    questions_most: int
    ttl: float
    counts: dict[str, int]  # by verdict
    tokens_saved: int
    milliseconds_saved: float
    stored: Standing | None = None
    measured: Measured | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """Which entries: those that all of it fits. `older_than` in seconds."""

    tenant: str | None = None
    model: str | None = None
    collection: str | None = None
    older_than: float | None = None

    def covers(self, sealed: Sealed, age: float) -> bool:
        owner = sealed.owner
        return (
            self.tenant in (None, owner.tenant)
            and self.model in (None, sealed.model)
            and (self.collection is None or self.collection in owner.collections)
            and (self.older_than is None or age > self.older_than)
        )


@dataclass(frozen=True, slots=True)
class Summary:
    """One entry, without what was asked or answered. `key` in hexadecimal; `size` in bytes."""

    key: str
    tenant: str
    model: str
    tier: str
    collections: tuple[str, ...]
    age: float
    size: int
    asked: int
    tokens: int
    cost: float  # milliseconds that it took to make


class Memory(Protocol):
    async def same(self, key: bytes, max_age: float) -> Kept | None:
        """The answer under `key`, where it is at most `max_age` seconds old."""

    async def similar(self, place: Place, max_age: float, wanted: bool) -> Similar:
        """The answer to the same in other words. Not `wanted`, it is given for nothing but its own
        question any more: whoever wants none of it may have seen it.
        """

    async def keep(self, sealed: Sealed, place: Place | None) -> None:
        """`place` None: it is found by its key alone."""

    async def observe(self, judged: Found, right: bool) -> None:
        """What came of generating anyway where there was an answer to the same in other words."""

    async def dislike(self, key: bytes) -> bool:
        """A thumb down on the answer under `key`: it goes, and is counted where it may have been
        given in other words. False: it is not here.
        """

    async def tell(self, told: Told) -> None: ...

    async def stats(self) -> Stats: ...

    async def entries(self, scope: Scope, limit: int) -> Sequence[Summary]:
        """At most `limit`, the newest first."""

    async def flush(self, scope: Scope, dry_run: bool) -> int:
        """How many went, or would. What is being answered meanwhile is not kept either."""
