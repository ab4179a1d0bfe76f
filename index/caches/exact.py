"""Answers kept under a digest of what was asked, bounded in bytes and in age.

When room is needed, the answer goes first that saves least per byte and has not been asked for
lately: GreedyDual-Size-Frequency (Cherkasova, "Improving WWW proxies performance with
Greedy-Dual-Size-Frequency caching policy", HP Labs 1998).
"""

import heapq
from dataclasses import dataclass
from itertools import count
from math import inf
from typing import Final

from pydantic import ConfigDict, TypeAdapter

from models.engine import Chunk

ENTRY_BYTES: Final = 700  # of one entry besides its answer: measured with tracemalloc, rounded up

_ANSWERS: Final = TypeAdapter(
    tuple[Chunk, ...], config=ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")
)


@dataclass(frozen=True, slots=True)
class Given:
    """A complete answer: one chunk per choice. `cost` is what it took to make, in milliseconds."""

    choices: tuple[Chunk, ...]
    tier: str
    model: str
    cost: float


@dataclass(slots=True)
class _Entry:
    answer: bytes
    tier: str
    model: str
    cost: float
    made_at: float
    number: int  # tells it from those that were under its key before
    asked: int = 0
    priority: float = 0.0

    @property
    def size(self) -> int:
        return ENTRY_BYTES + len(self.answer)


class ExactCache:
    """At most `most` bytes; nothing older than `ttl` seconds. Times are of one monotonic clock."""

    def __init__(self, most: int, ttl: float) -> None:
        self.size = 0
        self._most = most
        self._ttl = ttl
        self._entries: dict[bytes, _Entry] = {}
        self._order: list[tuple[float, int, bytes]] = []  # a heap; an entry's place may be too low
        self._numbers = count()
        self._inflation = 0.0  # the priority of whoever went last: what is new starts above it

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: bytes, now: float, max_age: float = inf) -> Given | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        age = now - entry.made_at
        if age > self._ttl:
            self._drop(key)
        if age > min(self._ttl, max_age):
            return None
        entry.asked += 1
        entry.priority = self._worth(entry)
        return Given(_ANSWERS.validate_json(entry.answer), entry.tier, entry.model, entry.cost)

    def put(self, key: bytes, given: Given, now: float) -> None:
        """Keeps an answer, unless it alone is larger than an eighth of the whole cache."""
        answer = _ANSWERS.dump_json(given.choices)
        entry = _Entry(answer, given.tier, given.model, given.cost, now, next(self._numbers))
        self._drop(key)
        if entry.size > self._most // 8:
            return
        while self.size + entry.size > self._most:
            self._evict()
        entry.priority = self._worth(entry)
        self._entries[key] = entry
        self.size += entry.size
        heapq.heappush(self._order, (entry.priority, entry.number, key))

    def _worth(self, entry: _Entry) -> float:
        return self._inflation + (1 + entry.asked) * entry.cost / entry.size

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
            self._drop(key)
            return

    def _drop(self, key: bytes) -> None:
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        self.size -= entry.size
        if len(self._order) > 2 * len(self._entries) + 64:  # mostly of those that are gone
            self._order = [(e.priority, e.number, k) for k, e in self._entries.items()]
            heapq.heapify(self._order)
