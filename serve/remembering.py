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

from index.caches.flights import Flight, Flights
from index.caches.memory import Memory, Place, Told, Verdict
from index.caches.sealed import Given, Kept, Sealed
from index.caches.verdict import Sentence
from models.engine import Chunk, ChunkStream, merge
from serve.asked import Question
from serve.questions import Asking
from serve.receipt import Receipt
from serve.sections.cache import CacheSettings

FEWEST: Final = 3  # words: what is shorter means something only where it stands
LONGEST: Final = 400  # characters: in a longer text, too much can differ that no vector shows
PATIENCE: Final = 0.5  # seconds for the embedding; then it is a miss

Begin = Callable[[], ChunkStream]


@dataclass(frozen=True, slots=True)
class _Keeping:
    """Under which `key` an answer is kept, and where it is found for other words."""

    question: Question
    key: bytes
    place: Place | None = None


class Remembering:
    """Of one gateway; `memory` may be several gateways'. Not `alike`: only the very same question
    is asked again.
    """

    def __init__(self, settings: CacheSettings, memory: Memory, alike: bool = False) -> None:
        self._settings = settings
        self._memory = memory
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
            found = await self._same(key, question, receipt)
            if found is None and self._alike:
                place = await self._place(question, asking)
                found = await self._similar(place, question, receipt) if place else None
            step.verdict = receipt.cache or "miss"
        if found is not None:
            await self._memory.tell(Told(_verdict(receipt), found.tokens, found.cost))
            receipt.tier, receipt.model = found.tier, found.model
            for index, choice in enumerate(found.choices):
                yield replace(choice, index=index)
            return

        keeping = _Keeping(question, key, place)

        def kept() -> ChunkStream:
            return self._kept(keeping, receipt, begin())

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

    async def _same(self, key: bytes, question: Question, receipt: Receipt) -> Given | None:
        wish, receipt.cache = question.wish, "miss"
        found = await self._memory.same(key, wish.max_age) if wish.read else None
        given = _opened(found, question)
        if given is not None:
            receipt.cache, receipt.reason = "hit", "asked before"
        return given

    async def _place(self, question: Question, asking: Asking) -> Place | None:
        """None where it is not looked for in other words."""
        text = asking.text
        if len(text) > LONGEST or len(text.split()) < FEWEST:
            return None
        if (context := question.context()) is None:
            return None
        known = await asking.question(PATIENCE)
        if known.vector is None or known.tokens is None:
            return None
        return Place(context, Sentence(text, known.vector, known.tokens))

    async def _similar(self, place: Place, question: Question, receipt: Receipt) -> Given | None:
        """The answer to the same in other words; the receipt says why, or why not."""
        wish = question.wish
        similar = await self._memory.similar(place, wish.max_age, wish.read)
        receipt.cache_reason = similar.reason
        given = _opened(similar.found, question)
        if given is not None:
            receipt.cache, receipt.reason = "similar", "asked before in other words"
        return given

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

    async def _kept(self, keeping: _Keeping, receipt: Receipt, chunks: ChunkStream) -> ChunkStream:
        began, question = time.monotonic(), keeping.question
        choices: list[list[Chunk]] = [[] for _ in question.prompts]
        async with aclosing(chunks):
            async for chunk in chunks:
                choices[chunk.index].append(chunk)
                yield chunk
        await self._memory.tell(Told("miss"))
        if _as_usual(receipt) and receipt.tier and receipt.model:
            took = (time.monotonic() - began) * 1000
            given = Given(tuple(map(merge, choices)), receipt.tier, receipt.model, took)
            sealed = Sealed.of(keeping.key, given, question.owner)
            await self._memory.keep(sealed, keeping.place)


def _opened(kept: Kept | None, question: Question) -> Given | None:
    return kept.sealed.opened(question.owner) if kept else None


def _verdict(receipt: Receipt) -> Verdict:
    return "similar" if receipt.cache == "similar" else "hit"


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
