"""Answers given again, and answers shared by those who ask the same at the same time.

What was asked is digested after documents were searched: passages are a part of it. An answer from
documents is thus found again only by who may read the same passages, and while they are the same.

Where the owner wants it, the same in other words gets the kept answer, too: what else could change
the answer is the same to the letter, and what the user said last must mean the same.
"""

import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Final

from index.caches.memory import Memory, Place, Similar, Told, Trial
from index.caches.sealed import Given, Kept, Sealed
from index.caches.sharing import Berth, Sharing
from index.caches.verdict import Sentence
from models.engine import Chunk, ChunkStream, merge
from serve.caching.asked import Question
from serve.caching.checking import Checking
from serve.caching.joining import Joining, Trip, given_again
from serve.documents.questions import Asking
from serve.receipt import Receipt
from serve.sections.cache import CacheSettings

FEWEST: Final = 3  # words: what is shorter means something only where it stands
LONGEST: Final = 400  # characters: in a longer text, too much can differ that no vector shows
PATIENCE: Final = 0.5  # seconds for the embedding; then it is a miss


@dataclass(frozen=True, slots=True)
class Wanted:
    """A question, who asks it, and what generates its answer. `asking` has the embedding of what
    the user said last.
    """

    question: Question
    asking: Asking
    receipt: Receipt
    begin: Callable[[], ChunkStream]


class Remembering:
    """Of one gateway; `memory` may be several gateways', who then share generations, too.
    Without `checking`, only the very same question is asked again.
    """

    def __init__(
        self,
        settings: CacheSettings,
        memory: Memory,
        sharing: Sharing | None = None,
        checking: Checking | None = None,
    ) -> None:
        self._settings = settings
        self._memory = memory
        self._joining = Joining(sharing)
        self._checking = checking

    async def close(self) -> None:
        await self._joining.close()
        if self._checking is not None:
            await self._checking.close()

    async def answer(self, wanted: Wanted) -> ChunkStream:
        """A kept answer, one that is under way, or one that is generated."""
        receipt = wanted.receipt
        if (unfit := self._unfit(wanted.question)) is not None:
            receipt.cache = unfit
            async with aclosing(wanted.begin()) as chunks:
                async for chunk in chunks:
                    yield chunk
            return
        async with aclosing(await self._answer(wanted)) as chunks:
            async for chunk in chunks:
                yield chunk
        assert receipt.cache is not None
        tokens = receipt.usage.total_tokens if receipt.usage and receipt.given_again else 0
        await self._memory.tell(Told(receipt.cache, tokens, receipt.saved_ms))

    async def _answer(self, wanted: Wanted) -> ChunkStream:
        question, receipt, wish = wanted.question, wanted.receipt, wanted.question.wish
        with receipt.step("cache") as step:
            key = receipt.kept = question.digest()
            receipt.cache = "miss"
            kept = await self._memory.same(key, wish.max_age) if wish.read else None
            given = _again(wanted, key, kept)
            step.verdict = receipt.cache
        if given is not None:
            return given_again(given, receipt)
        make = partial(self._made, wanted, key)
        if not wish.read:  # who wants a new answer gets one of its own
            return make()
        berth = Berth(key, question.stream, wish.max_age, wish.alike)
        return self._joining.share(Trip(berth, receipt, make, partial(_again, wanted, key)))

    def _unfit(self, question: Question) -> str | None:
        """Why this is never given again."""
        if not (self._settings.enabled and question.wish.allowed):
            return "off"
        if not question.wish.keep:
            return "no-store"
        if question.temperature > self._settings.temperature and not question.repeatable:
            return "varied"
        return None

    async def _made(self, wanted: Wanted, key: bytes) -> ChunkStream:
        """What was asked before in other words; else what is generated."""
        receipt, wish = wanted.receipt, wanted.question.wish
        place, similar, given = None, None, None
        if self._checking and wish.alike:
            with receipt.step("similar") as step:
                if (place := await _place(wanted.question, wanted.asking)) is not None:
                    similar = await self._memory.similar(place, wish.max_age, wish.read)
                    given = self._given(similar, wanted)
                step.verdict = receipt.cache or "miss"
        trial = similar.trial if similar else None
        made = given_again(given, receipt) if given else self._kept(wanted, key, place, trial)
        async with aclosing(made) as chunks:
            async for chunk in chunks:
                yield chunk

    def _given(self, similar: Similar, wanted: Wanted) -> Given | None:
        """The answer to the same in other words; the receipt says why, or why not."""
        receipt = wanted.receipt
        receipt.cache_reason, kept = similar.reason, similar.found
        if similar.trial is not None and similar.trial.judged.candidate is not None:
            receipt.neighbour = similar.trial.judged.candidate, similar.trial.judged.score
        given = _opened(kept, wanted.question)
        if given is not None and self._checking and self._checking.wants(similar.trial):
            receipt.cache_reason = "checked"
            return None
        if kept is not None and given is not None:
            receipt.cache, receipt.reason = "similar", "asked before in other words"
            receipt.cache_age, receipt.kept = kept.age, kept.sealed.key
        return given

    async def _kept(
        self, wanted: Wanted, key: bytes, place: Place | None, trial: Trial | None
    ) -> ChunkStream:
        """What is generated; all of it is kept when it is what would be given another time."""
        began, question, receipt = time.monotonic(), wanted.question, wanted.receipt
        choices: list[list[Chunk]] = [[] for _ in question.prompts]
        async with aclosing(wanted.begin()) as chunks:
            async for chunk in chunks:
                choices[chunk.index].append(chunk)
                yield chunk
        if _as_usual(receipt) and receipt.tier and receipt.model:
            took = (time.monotonic() - began) * 1000
            given = Given(tuple(map(merge, choices)), receipt.tier, receipt.model, took)
            await self._memory.keep(Sealed.of(key, given, question.owner), place)
            if trial is not None and self._checking is not None:
                self._checking.compare(trial, question.owner, given)


async def _place(question: Question, asking: Asking) -> Place | None:
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


def _again(wanted: Wanted, key: bytes, kept: Kept | None) -> Given | None:
    """The answer to the very same; the receipt says so."""
    if kept is None or kept.sealed.key != key:
        return None
    given = _opened(kept, wanted.question)
    if given is not None:
        wanted.receipt.cache, wanted.receipt.reason = "hit", "asked before"
        wanted.receipt.cache_age = kept.age
    return given


def _opened(kept: Kept | None, question: Question) -> Given | None:
    return kept.sealed.opened(question.owner) if kept else None


def _as_usual(receipt: Receipt) -> bool:
    """Whether the answer is what would be given another time: no stand-in's, nothing spared."""
    whole = not receipt.continued and all(each.error is None for each in receipt.attempts)
    blocked = any(action == "block" for _, _, action in receipt.filters)
    return whole and not receipt.brownout and not blocked
