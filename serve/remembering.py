"""Answers given again, and answers shared by those who ask the same at the same time.

What was asked is digested after documents were searched: passages are a part of it. An answer from
documents is thus found again only by who may read the same passages, and while they are the same.

Where the owner wants it, the same in other words gets the kept answer, too: what else could change
the answer is the same to the letter, and what the user said last must mean the same.
"""

import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Final

from index.caches.exact import ExactCache, Given
from index.caches.flights import Flight, Flights
from index.caches.semantic import Found, SemanticCache
from index.caches.verdict import Sentence
from models.engine import Chunk, ChunkStream, merge
from serve.asked import Question
from serve.policy.freshness import Freshness
from serve.questions import Asking
from serve.receipt import Receipt
from serve.sections.cache import CacheSettings

FEWEST: Final = 3  # words: what is shorter means something only where it stands
LONGEST: Final = 400  # characters: in a longer text, too much can differ that no vector shows
PATIENCE: Final = 0.5  # seconds for the embedding; then it is a miss

Begin = Callable[[], ChunkStream]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a question stands among those in other words. `key` is its own."""

    key: bytes
    context: bytes
    sentence: Sentence


class Remembering:
    """Of one gateway. Without `alike`, only the very same question is asked again."""

    def __init__(self, settings: CacheSettings, alike: SemanticCache | None = None) -> None:
        self._settings = settings
        self._cache = ExactCache(settings.memory, settings.ttl)
        self._alike = alike
        self._flights = Flights[Receipt]()

    async def answer(
        self, question: Question, asking: Asking, receipt: Receipt, begin: Begin
    ) -> ChunkStream:
        """A kept answer, one that is under way, or what `begin` generates under `receipt`.

        `asking` has the embedding of what the user said last.
        """
        if (unfit := self._unfit(question)) is not None:
            receipt.cache = unfit
            async with aclosing(begin()) as chunks:
                async for chunk in chunks:
                    yield chunk
            return
        place = None
        with receipt.step("cache") as step:
            key = question.digest()
            found = self._same(key, question.wish, receipt)
            if found is None and self._alike is not None:
                place = await self._place(key, question, asking)
                found = self._similar(place, question.wish, receipt) if place else None
            step.verdict = receipt.cache or "miss"
        if found is not None:
            receipt.tier, receipt.model = found.tier, found.model
            for index, choice in enumerate(found.choices):
                yield replace(choice, index=index)
            return

        def kept() -> ChunkStream:
            return self._kept(place or key, len(question.prompts), receipt, begin())

        # Who wants a new answer gets one of its own.
        shared = self._shared(key, question, receipt, kept) if question.wish.read else kept()
        async with aclosing(shared) as chunks:
            async for chunk in chunks:
                yield chunk

    def _unfit(self, question: Question) -> str | None:
        """Why this is never given again."""
        if not self._settings.enabled:
            return "off"
        if not question.wish.keep:
            return "no-store"
        if question.temperature > self._settings.temperature and not question.repeatable:
            return "varied"
        return None

    def _same(self, key: bytes, wish: Freshness, receipt: Receipt) -> Given | None:
        found = self._cache.get(key, time.monotonic(), wish.max_age) if wish.read else None
        receipt.cache = "miss" if found is None else "hit"
        if found is not None:
            receipt.reason = "asked before"
        return found

    async def _place(self, key: bytes, question: Question, asking: Asking) -> _Place | None:
        """None where it is not looked for in other words."""
        text = asking.text
        if len(text) > LONGEST or len(text.split()) < FEWEST:
            return None
        if (context := question.context()) is None:
            return None
        known = await asking.question(PATIENCE)
        if known.vector is None or known.tokens is None:
            return None
        return _Place(key, context, Sentence(text, known.vector, known.tokens))

    def _similar(self, place: _Place, wish: Freshness, receipt: Receipt) -> Given | None:
        """The answer to the same in other words; the receipt says why, or why not.

        Who wants none of it may have seen it: it is given for nothing else any more.
        """
        if self._alike is None:
            return None
        match = self._alike.find(place.context, place.sentence)
        if match.key is not None and not wish.read:
            self._alike.drop(match.key)
            match = Found(None, "not wanted")
        receipt.cache_reason = match.reason
        if match.key is None:
            return None
        found = self._cache.get(match.key, time.monotonic(), wish.max_age)
        if found is None:
            receipt.cache_reason = "too old"
            return None
        receipt.cache, receipt.reason = "similar", "asked before in other words"
        return found

    async def _shared(
        self, key: bytes, question: Question, receipt: Receipt, kept: Begin
    ) -> ChunkStream:
        """Once for all who ask meanwhile.

        What the first one alone is refused or not given in time, the next one asks for itself.
        """
        place = (key, question.stream)
        flight = self._flights.board(place, receipt, kept)
        read = _read(flight, receipt)
        try:
            async for chunk in read:
                yield chunk
            return
        except Exception:
            if flight.about is receipt or receipt.cache == "joined":
                raise
        finally:
            await read.aclose()
        own = self._flights.board(place, receipt, kept)
        async with aclosing(_read(own, receipt)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def _kept(
        self, place: _Place | bytes, count: int, receipt: Receipt, chunks: ChunkStream
    ) -> ChunkStream:
        began = time.monotonic()
        choices: list[list[Chunk]] = [[] for _ in range(count)]
        async with aclosing(chunks):
            async for chunk in chunks:
                choices[chunk.index].append(chunk)
                yield chunk
        if _as_usual(receipt) and receipt.tier and receipt.model:
            now = time.monotonic()
            whole = tuple(map(merge, choices))
            given = Given(whole, receipt.tier, receipt.model, (now - began) * 1000)
            self._keep(place, given, now)

    def _keep(self, place: _Place | bytes, given: Given, now: float) -> None:
        if isinstance(place, bytes):
            self._cache.put(place, given, now)
            return
        self._cache.put(place.key, given, now)
        if self._alike is not None:
            self._alike.put(place.context, place.key, place.sentence)


def _as_usual(receipt: Receipt) -> bool:
    """Whether the answer is what would be given another time: no stand-in's, nothing spared."""
    whole = not receipt.continued and all(each.error is None for each in receipt.attempts)
    return whole and not receipt.brownout


async def _read(flight: Flight[Receipt], receipt: Receipt) -> ChunkStream:
    """What `flight` brings; who did not start it says so from the first chunk on."""
    first = flight.about
    async with aclosing(flight.read()) as chunks:
        async for chunk in chunks:
            if first is not receipt and receipt.cache != "joined":
                receipt.cache, receipt.reason = "joined", "asked just now"
                receipt.tier, receipt.model = first.tier, first.model
            yield chunk
