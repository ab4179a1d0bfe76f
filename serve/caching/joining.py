"""One generation for all who ask the same at the same time, in this gateway or in another.

In a gateway, the first one leads a flight and the others read it. Between gateways the same
happens once more: who leads here leads there, too, or follows another gateway's flight.
"""

import asyncio
import secrets
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from math import inf
from typing import Final

from index.caches.flights import Flight, Flights
from index.caches.sealed import Given, Kept
from index.caches.sharing import About, Berth, Follow, Lead, Report, Sharing
from models.engine import ChunkStream
from serve.caching.resuming import Resumed
from serve.receipt import Receipt

BATCH: Final = 0.05  # seconds between messages to other gateways
BEAT: Final = 0.5  # seconds after which a leader that has nothing to tell is heard of
WAIT: Final = 1.0  # seconds that a question for news takes at most


@dataclass(frozen=True, slots=True)
class Trip:
    """One request for an answer that may be shared. `make` gives it under `receipt`; `again` opens
    one that was kept meanwhile, and gives nothing where it is not to be trusted.
    """

    berth: Berth
    receipt: Receipt
    make: Callable[[], ChunkStream]
    again: Callable[[Kept], Given | None]


class _Lost(Exception):
    """Whoever was followed is not heard of any more."""


class Joining:
    """`sharing` None: there is no other gateway."""

    def __init__(self, sharing: Sharing | None = None) -> None:
        self._sharing = sharing
        self._flights = Flights[Berth, Receipt]()
        self._telling: set[asyncio.Task[None]] = set()

    async def share(self, trip: Trip) -> ChunkStream:
        """Once for all who ask meanwhile.

        What the first one alone is refused or not given in time, the next one asks for itself.
        """
        flight = self._flights.board(trip.berth, trip.receipt, partial(self._fly, trip))
        read, begun = _read(flight, trip.receipt), False
        try:
            async for chunk in read:
                begun = True
                yield chunk
            return
        except Exception:
            if flight.about is trip.receipt or begun:
                raise
        finally:
            await read.aclose()
        own = self._flights.board(trip.berth, trip.receipt, partial(self._fly, trip))
        async with aclosing(_read(own, trip.receipt)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def close(self) -> None:
        for task in self._telling:
            task.cancel()
        await asyncio.gather(*self._telling, return_exceptions=True)

    async def _fly(self, trip: Trip, flight: Flight[Receipt]) -> ChunkStream:
        """Who loses whom it followed asks again, and goes on where that one broke off."""
        if self._sharing is None:
            async with aclosing(trip.make()) as chunks:
                async for chunk in chunks:
                    yield chunk
            return
        resumed, ended = Resumed(), False
        while not ended:
            once = self._once(trip, flight, self._sharing)
            try:
                async with aclosing(resumed.rest(once)) as chunks:
                    async for chunk in chunks:
                        yield chunk
                ended = True
            except _Lost:
                trip.receipt.cache = "miss"

    async def _once(self, trip: Trip, flight: Flight[Receipt], sharing: Sharing) -> ChunkStream:
        reader = secrets.token_hex(8)
        found = await sharing.board(trip.berth, reader)
        if isinstance(found, Follow):
            chunks = _follow(found.flight, reader, trip.receipt, sharing)
        elif isinstance(found, Kept) and (given := trip.again(found)) is not None:
            chunks = given_again(given, trip.receipt)
        else:
            chunks = trip.make()
        if isinstance(found, Lead) and found.flight is not None:
            telling = asyncio.create_task(_tell(found.flight, flight, sharing))
            self._telling.add(telling)
            telling.add_done_callback(self._telling.discard)
        async with aclosing(chunks):
            async for chunk in chunks:
                yield chunk


async def given_again(given: Given, receipt: Receipt) -> ChunkStream:
    receipt.tier, receipt.model, receipt.saved_ms = given.tier, given.model, given.cost
    for index, choice in enumerate(given.choices):
        yield replace(choice, index=index)


async def _read(flight: Flight[Receipt], receipt: Receipt) -> ChunkStream:
    """What `flight` brings; who did not start it says so from the first chunk on."""
    told = flight.about is receipt
    if not told:
        receipt.stage = flight.about.now
    async with aclosing(flight.read()) as chunks:
        async for chunk in chunks:
            if not told:
                _join(receipt, _about(flight.about))
                told = True
            yield chunk
    if receipt.given_again:
        receipt.saved_ms = flight.about.saved_ms or flight.lasted * 1000


async def _follow(name: str, reader: str, receipt: Receipt, sharing: Sharing) -> ChunkStream:
    """What the flight of another gateway brings, from the first chunk on. Raises `_Lost`."""
    seen = 0
    try:
        while True:
            news = await sharing.hear(name, reader, seen, WAIT)
            if news is None:
                raise _Lost
            if news.about is not None and not seen:
                _join(receipt, news.about)
            for chunk in news.chunks:
                yield chunk
            seen += len(news.chunks)
            if news.landed:
                return
    finally:
        await sharing.leave(name, reader)


async def _tell(name: str, flight: Flight[Receipt], sharing: Sharing) -> None:
    """Others of `flight`: that it is under way and, as soon as somebody follows, what it brings.

    One that is over at once is not told of: its answer is kept.
    """
    sent = 0
    await flight.beyond(inf, BATCH)
    while not flight.ended:
        followers = await flight.during(sharing.publish(name, Report(sent), WAIT))
        if followers:
            sent = await _tell_live(name, flight, sent, sharing)
        elif followers is None:
            await flight.beyond(inf, BEAT)
    await sharing.land(name, len(flight.said) if flight.whole else None)


async def _tell_live(name: str, flight: Flight[Receipt], sent: int, sharing: Sharing) -> int:
    """As one more reader, while somebody follows. Returns how many chunks have been told."""
    followers: int | None = 1
    async with flight.attended():
        while followers and not (flight.ended and sent == len(flight.said)):
            await flight.beyond(sent, BEAT)
            said = flight.said[sent:]
            followers = await sharing.publish(name, Report(sent, said, _about(flight.about)), 0.0)
            sent += len(said) if followers is not None else 0
            await flight.beyond(inf, BATCH)
    return sent


def _about(receipt: Receipt) -> About:
    why = receipt.cache, receipt.cache_reason, receipt.reason
    return About(*why, receipt.tier, receipt.model, receipt.cache_age)


def _join(receipt: Receipt, about: About) -> None:
    receipt.cache, receipt.reason = "joined", "asked just now"
    if about.cache in ("hit", "similar"):
        receipt.cache, receipt.reason = about.cache, about.reason
        receipt.cache_reason, receipt.cache_age = about.cache_reason, about.cache_age
    receipt.tier, receipt.model = about.tier, about.model
