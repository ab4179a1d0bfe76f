"""All that is kept, under one roof: answers, who may have them in other words, and the counts."""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from heapq import nsmallest
from typing import Final

from index.caches.behind import Behind
from index.caches.exact import ExactCache, Held
from index.caches.memory import Place, Scope, Similar, Stats, Summary, Told, Trial
from index.caches.sealed import Kept, Sealed
from index.caches.semantic import Found, SemanticCache

SETTLING: Final = 2.0  # seconds that a flush waits for the file to follow


class LocalMemory:
    """The `Memory` of this process. Without `alike`, only the very same question is known again."""

    def __init__(
        self,
        most: int,
        ttl: float,
        alike: SemanticCache | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._answers = ExactCache(most, ttl)
        self._alike = alike
        self._clock = clock
        self._flushed: deque[tuple[float, Scope]] = deque(maxlen=256)
        self._counts = Counter[str]()
        self._tokens_saved = 0
        self._milliseconds_saved = 0.0
        self._stored: Behind | None = None

    def outlive(self, stored: Behind) -> None:
        """Has what an earlier process kept, and leaves what it keeps to a later one.

        Questions are not among it: in other words, they are known again once they were answered.
        """
        self._stored = self._answers.mirror = stored
        now = self._clock()
        for sealed, age in stored.load():
            self._answers.restore(sealed, now - age)

    def close(self) -> None:
        """When what is kept is to be in the file; nothing is kept there afterwards."""
        if self._stored is not None:
            self._stored.close()

    async def same(self, key: bytes, max_age: float) -> Kept | None:
        return self._answers.get(key, self._clock(), max_age)

    async def similar(self, place: Place, max_age: float, wanted: bool) -> Similar:
        if self._alike is None:
            return Similar(None, "off")
        now = self._clock()
        there = partial(self._known, now)
        match = self._alike.find(place.context, place.sentence, there)
        if match.key is not None and not wanted:
            self._alike.drop(match.key)
            match = Found(None, "not wanted")
        if match.candidate is None:
            return Similar(None, match.reason)
        find = self._answers.get if match.key else self._answers.look
        kept = find(match.candidate, now, max_age)
        if kept is None:
            return Similar(None, "too old" if match.key else match.reason)
        return Similar(kept if match.key else None, match.reason, Trial(kept, match))

    async def keep(self, sealed: Sealed, place: Place | None) -> None:
        now = self._clock()
        began = now - sealed.cost / 1000
        if any(at >= began and scope.covers(sealed, 0.0) for at, scope in self._flushed):
            return
        self._answers.put(sealed, now)
        if self._alike is not None and place is not None:
            self._alike.put(place.context, sealed.key, place.sentence)

    async def observe(self, judged: Found, right: bool) -> None:
        if self._alike is not None:
            self._alike.observe(judged, right)

    async def dislike(self, key: bytes) -> bool:
        known = self._known(self._clock(), key)
        if self._alike is not None:
            self._alike.disliked(key)
        self._answers.drop(key)
        return known

    async def tell(self, told: Told) -> None:
        self._counts[told.verdict] += told.count
        self._tokens_saved += told.tokens
        self._milliseconds_saved += told.milliseconds

    async def stats(self) -> Stats:
        alike = self._alike
        return Stats(
            entries=len(self._answers),
            size=self._answers.size,
            most=self._answers.most,
            questions=len(alike) if alike else 0,
            questions_size=alike.size if alike else 0,
            questions_most=alike.most if alike else 0,
            ttl=self._answers.ttl,
            counts=dict(self._counts),
            tokens_saved=self._tokens_saved,
            milliseconds_saved=self._milliseconds_saved,
            stored=self._stored.standing if self._stored else None,
            measured=replace(alike.measured) if alike else None,
        )

    async def entries(self, scope: Scope, limit: int) -> Sequence[Summary]:
        return [_summary(*each) for each in nsmallest(limit, self._covered(scope), _age)]

    async def flush(self, scope: Scope, dry_run: bool) -> int:
        covered = self._covered(scope)
        if dry_run:
            return len(covered)
        self._flushed.append((self._clock(), scope))
        for held, _ in covered:
            self._answers.drop(held.sealed.key)
            if self._alike is not None:
                self._alike.drop(held.sealed.key)
        if self._stored is not None:
            await asyncio.to_thread(self._stored.settle, SETTLING)
        return len(covered)

    def _known(self, now: float, key: bytes) -> bool:
        return self._answers.look(key, now) is not None

    def _covered(self, scope: Scope) -> list[tuple[Held, float]]:
        held = self._answers.held(self._clock())
        return [(each, age) for each, age in held if scope.covers(each.sealed, age)]


def _age(aged: tuple[Held, float]) -> float:
    return aged[1]


def _summary(held: Held, age: float) -> Summary:
    sealed = held.sealed
    return Summary(
        key=sealed.key.hex(),
        tenant=sealed.owner.tenant,
        model=sealed.model,
        tier=sealed.tier,
        collections=sealed.owner.collections,
        age=age,
        size=held.size,
        asked=held.asked,
        tokens=sealed.tokens,
        cost=sealed.cost,
    )
