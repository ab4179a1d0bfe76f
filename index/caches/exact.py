"""Answers kept under a digest of what was asked, bounded in bytes and in age.

When room is needed, the answer goes first that saves least per byte and has not been asked for
lately: GreedyDual-Size-Frequency (Cherkasova, "Improving WWW proxies performance with
Greedy-Dual-Size-Frequency caching policy", HP Labs 1998).
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from math import inf
from typing import Final, Protocol

from index.caches.sealed import Kept, Sealed

ENTRY_BYTES: Final = 1500  # of one entry besides its answer: measured with tracemalloc, rounded up


@dataclass(slots=True)
class Held:
    """One answer, and how often it was `asked` for."""

    sealed: Sealed
    made_at: float
    number: int  # tells it from those that were under its key before
    asked: int = 0
    priority: float = 0.0

    @property
    def size(self) -> int:
        return ENTRY_BYTES + len(self.sealed.answer)


class Mirror(Protocol):
    """Is told what comes and what goes."""

    def put(self, sealed: Sealed) -> None: ...

    def drop(self, key: bytes) -> None: ...


class ExactCache:
    """At most `most` bytes; nothing older than `ttl` seconds. Times are of one monotonic clock."""

    def __init__(self, most: int, ttl: float) -> None:
        self.size = 0
        self.mirror: Mirror | None = None
        self.most = most
        self.ttl = ttl
        self._entries: dict[bytes, Held] = {}
        self._order: list[tuple[float, int, bytes]] = []  # a heap; an entry's place may be too low
        self._numbers = count()
        self._inflation = 0.0  # the priority of whoever went last: what is new starts above it

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: bytes, now: float, max_age: float = inf) -> Kept | None:
        kept = self.look(key, now, max_age)
        if kept is not None:
            entry = self._entries[key]
            entry.asked += 1
            entry.priority = self._worth(entry)
        return kept

    def look(self, key: bytes, now: float, max_age: float = inf) -> Kept | None:
        """The same for whoever does not give it to anybody."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        age = now - entry.made_at
        if age > self.ttl:
            self.drop(key)
        return Kept(entry.sealed, age) if age <= min(self.ttl, max_age) else None

    def put(self, sealed: Sealed, now: float) -> None:
        """Keeps an answer, unless it alone is larger than an eighth of the whole cache."""
        if self._take(sealed, now) and self.mirror is not None:
            self.mirror.put(sealed)

    def restore(self, sealed: Sealed, made_at: float) -> None:
        """The same for what the mirror has already."""
        if not self._take(sealed, made_at) and self.mirror is not None:
            self.mirror.drop(sealed.key)

    def held(self, now: float) -> Iterator[tuple[Held, float]]:
        """Every answer that is not too old, with its age, the oldest first."""
        for entry in list(self._entries.values()):
            if (age := now - entry.made_at) <= self.ttl:
                yield entry, age

    def drop(self, key: bytes) -> None:
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        self.size -= entry.size
        if self.mirror is not None:
            self.mirror.drop(key)
        if len(self._order) > 2 * len(self._entries) + 64:  # mostly of those that are gone
            self._order = [(e.priority, e.number, k) for k, e in self._entries.items()]
            heapq.heapify(self._order)

    def _take(self, sealed: Sealed, made_at: float) -> bool:
        key = sealed.key
        entry = Held(sealed, made_at, next(self._numbers))
        self.drop(key)
        if entry.size > self.most // 8:
            return False
        while self.size + entry.size > self.most:
            self._evict()
        entry.priority = self._worth(entry)
        self._entries[key] = entry
        self.size += entry.size
        heapq.heappush(self._order, (entry.priority, entry.number, key))
        return True

    def _worth(self, entry: Held) -> float:
        return self._inflation + (1 + entry.asked) * entry.sealed.cost / entry.size

    def _evict(self) -> None:
        while True:
            priority, number, key = heapq.heappop(self._order)
            entry = self._entries.get(key)
            if entry is None or entry.number != number:
                continue  # it was dropped or replaced
            if entry.priority > priority:  # it was asked for since
                heapq.heappush(self._order, (entry.priority, number, key))
                continue
            self._inflation = priority
            self.drop(key)
            return
