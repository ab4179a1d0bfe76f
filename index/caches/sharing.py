"""How several gateways make one generation of it when the same is asked of them at the same time.

Whoever boards first leads: it generates, and tells what comes to those who follow. A leader that
is not heard of for a while has lost its flight, and one of those who followed leads the next.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from index.caches.sealed import Kept
from models.engine import Chunk


class Berth(NamedTuple):
    """What those have in common who share a generation: what they ask (a digest), whether they
    read it as a stream, how old (in seconds) a kept answer may be, and whether one to the same in
    other words will do.
    """

    key: bytes
    stream: bool
    max_age: float
    alike: bool = True


@dataclass(frozen=True, slots=True)
class About:
    """What a receipt says of an answer. `cache_age`: in seconds, of a kept one."""

    cache: str | None
    cache_reason: str | None
    reason: str | None
    tier: str | None
    model: str | None
    cache_age: float | None = None


@dataclass(frozen=True, slots=True)
class Lead:
    """`flight` None: nobody else knows of it."""

    flight: str | None = None


@dataclass(frozen=True, slots=True)
class Follow:
    flight: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a leader says: `about` the answer, and its `chunks` from place `start` on."""

    start: int
    chunks: Sequence[Chunk] = ()
    about: About | None = None


@dataclass(frozen=True, slots=True)
class News:
    """What a follower has not heard yet. `landed`: it is all there is."""

    chunks: Sequence[Chunk] = ()
    about: About | None = None
    landed: bool = False


class Sharing(Protocol):
    """Waits are in seconds. The far side of one raises nothing."""

    async def board(self, berth: Berth, reader: str) -> Kept | Lead | Follow:
        """`reader` is a name for this once; a flight is called as its leader is."""

    async def publish(self, flight: str, report: Report, wait: float) -> int | None:
        """How many follow; while nobody does, the answer takes up to `wait`. None: the flight is
        lost, or that cannot be told at present. A report may be given twice.
        """

    async def hear(self, flight: str, reader: str, seen: int, wait: float) -> News | None:
        """More than the first `seen` chunks, as soon as there is more. None: the flight is lost."""

    async def leave(self, flight: str, reader: str) -> None: ...

    async def land(self, flight: str, count: int | None) -> None:
        """With `count` chunks; None: it failed, or was given up."""
