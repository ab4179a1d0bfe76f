"""A memory of answers in another process, which several gateways share: `Memory` and `Sharing`.

No request fails by it, and none waits for it long: what does not come in time is not there. After
a few such calls in a row it is left alone for a while. What nobody waits for is sent behind.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from math import inf
from typing import Any, Final, cast

from index.caches.memory import Memory, Place, Scope, Similar, Stats, Summary, Told
from index.caches.sealed import Kept, Sealed
from index.caches.semantic import Found
from index.caches.sharing import Berth, Follow, Lead, News, Report, Sharing

LOOK: Final = 0.05  # seconds to look something up
BOARD: Final = 0.25  # seconds to agree who generates, which takes longer by far
LATER: Final = 1.0  # seconds for what nobody waits for
GATHER: Final = 0.2  # seconds in which counts are added up before they are sent
MOST: Final = 256  # messages that wait to be sent; then the oldest are forgotten
FAILURES: Final = 3  # in a row, after which it is left alone
REST: Final = 1.0  # seconds until one more call is tried

Ask = Callable[[str, tuple[Any, ...]], Awaitable[Any]]
MEMORY: Final = frozenset(name for name in vars(Memory) if not name.startswith("_"))
SHARING: Final = frozenset(name for name in vars(Sharing) if not name.startswith("_"))
LOG: Final = logging.getLogger("hearth.cache")


async def answer(memory: Memory, sharing: Sharing, call: str, asked: tuple[Any, ...]) -> Any:
    """What the process of the memory does with a call."""
    for one, calls in ((memory, MEMORY), (sharing, SHARING)):
        if call in calls:
            return await getattr(one, call)(*asked)
    raise ValueError(call)


class Link:
    """`ask` carries a call there, and what it returns or raises back; `what` is there, in words."""

    def __init__(
        self,
        ask: Ask,
        clock: Callable[[], float] = time.monotonic,
        what: str = "The kept answers are",
    ) -> None:
        self._ask = ask
        self._clock = clock
        self._what = what
        self._failures = 0
        self._rests_until = -inf
        self._waiting: deque[tuple[str, tuple[Any, ...]]] = deque(maxlen=MOST)
        self._sending: asyncio.Task[None] | None = None

    async def soon(self, call: str, asked: tuple[Any, ...], patience: float) -> Any:
        """What comes within `patience` seconds, else None."""
        now = self._clock()
        if now < self._rests_until:
            return None
        if self._failures >= FAILURES:
            self._rests_until = now + REST  # for all others, while this one is tried
        try:
            async with asyncio.timeout(patience):
                found = await self._ask(call, asked)
        except Exception as exc:
            self._failed(exc)
            return None
        self._failures, self._rests_until = 0, -inf
        return found

    def behind(self, call: str, asked: tuple[Any, ...]) -> None:
        """Sends it after what was to be sent before; nobody hears whether it arrived."""
        self._waiting.append((call, asked))
        if self._sending is None or self._sending.done():
            self._sending = asyncio.ensure_future(self._send())

    def _failed(self, error: Exception) -> None:
        self._failures += 1
        if self._failures >= FAILURES:
            self._rests_until = self._clock() + REST
        if self._failures == FAILURES:
            LOG.warning("%s out of reach: %s", self._what, type(error).__name__)

    async def _send(self) -> None:
        while self._waiting:
            await self.soon(*self._waiting.popleft(), LATER)


class RemoteMemory:
    """`stats`, `entries` and `flush` raise what `ask` raises: who wants them has to know."""

    def __init__(self, ask: Ask, clock: Callable[[], float] = time.monotonic) -> None:
        self._ask = ask
        self._link = Link(ask, clock)
        self._looking: dict[bytes, asyncio.Future[Kept | None]] = {}
        self._told: dict[str, Told] = {}

    async def same(self, key: bytes, max_age: float) -> Kept | None:
        """Who asks for the same at the same time shares one call."""
        looking = self._looking.get(key)
        if looking is None:
            looking = asyncio.ensure_future(self._link.soon("same", (key, inf), LOOK))
            looking.add_done_callback(lambda _: self._looking.pop(key))
            self._looking[key] = looking
        kept = await asyncio.shield(looking)
        return kept if kept is not None and kept.age <= max_age else None

    async def similar(self, place: Place, max_age: float, wanted: bool) -> Similar:
        found = await self._link.soon("similar", (place, max_age, wanted), LOOK)
        return cast(Similar | None, found) or Similar(None, "out of reach")

    async def keep(self, sealed: Sealed, place: Place | None) -> None:
        self._link.behind("keep", (sealed, place))

    async def observe(self, judged: Found, right: bool) -> None:
        self._link.behind("observe", (judged, right))

    async def dislike(self, key: bytes) -> bool:
        return bool(await self._link.soon("dislike", (key,), LATER))

    async def tell(self, told: Told) -> None:
        before = self._told.get(told.verdict, Told(told.verdict, count=0))
        self._told[told.verdict] = replace(
            told,
            tokens=before.tokens + told.tokens,
            milliseconds=before.milliseconds + told.milliseconds,
            count=before.count + told.count,
        )
        if not before.count:
            send = partial(self._send_told, told.verdict)
            asyncio.get_running_loop().call_later(GATHER, send)

    async def stats(self) -> Stats:
        return cast(Stats, await self._ask("stats", ()))

    async def entries(self, scope: Scope, limit: int) -> Sequence[Summary]:
        return cast(Sequence[Summary], await self._ask("entries", (scope, limit)))

    async def flush(self, scope: Scope, dry_run: bool) -> int:
        return cast(int, await self._ask("flush", (scope, dry_run)))

    async def board(self, berth: Berth, reader: str) -> Kept | Lead | Follow:
        found: Kept | Lead | Follow | None = None
        try:
            found = await self._link.soon("board", (berth, reader), BOARD)
        finally:
            if found is None:  # and nobody leads what it may have been given
                self._link.behind("land", (reader, None))
        return found or Lead()

    async def publish(self, flight: str, report: Report, wait: float) -> int | None:
        found = await self._link.soon("publish", (flight, report, wait), wait + LATER)
        return cast(int | None, found)

    async def hear(self, flight: str, reader: str, seen: int, wait: float) -> News | None:
        found = await self._link.soon("hear", (flight, reader, seen, wait), wait + LATER)
        return cast(News | None, found)

    async def leave(self, flight: str, reader: str) -> None:
        self._link.behind("leave", (flight, reader))

    async def land(self, flight: str, count: int | None) -> None:
        """Behind what was to be kept: who is too late for the flight finds its answer."""
        self._link.behind("land", (flight, count))

    def _send_told(self, verdict: str) -> None:
        self._link.behind("tell", (self._told.pop(verdict),))
