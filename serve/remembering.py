"""Answers given again, and answers shared by those who ask the same at the same time.

What was asked is digested after documents were searched: passages are a part of it. An answer from
documents is thus found again only by who may read the same passages, and while they are the same.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

import orjson

from index.caches.exact import ExactCache, Given
from index.caches.flights import Flight, Flights
from models.engine import Chunk, ChunkStream, Prompt, merge
from serve.policy.freshness import Freshness
from serve.receipt import Receipt
from serve.sections.cache import CacheSettings

Begin = Callable[[], ChunkStream]
_JSON = orjson.OPT_NON_STR_KEYS


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, whole: everything that could change the answer.

    `models` names who may answer, with revisions; `prompts` are without what documents say, which
    is in `sources`: collection, document and words of each. `only`: nothing else may answer; None:
    documents are not asked. `temperature` is the highest that may be used; `unset` and `quality`
    as in `serve.pipeline.Request`.
    """

    model: str
    models: Sequence[tuple[str, str]]
    prompts: Sequence[Prompt]
    sources: Sequence[tuple[str, str, str]]
    only: bool | None
    unset: frozenset[str]
    quality: float | None
    stream: bool
    temperature: float
    wish: Freshness

    def digest(self) -> bytes:
        """SHA-256. Who asks, how urgently and how it is delivered change no answer."""
        said = (
            self.model,
            self.models,
            self.sources,
            self.only,
            sorted(self.unset),
            self.quality,
            [_essence(prompt) for prompt in self.prompts],
        )
        return sha256(orjson.dumps(said, _plain, _JSON)).digest()

    @property
    def repeatable(self) -> bool:
        return all(prompt.sampling.seed is not None for prompt in self.prompts)


def _essence(prompt: Prompt) -> Prompt:
    return replace(prompt, request_id="", priority=0, timeout=None, whole=False, patient=True)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(type(value).__name__)


class Remembering:
    """Of one gateway."""

    def __init__(self, settings: CacheSettings) -> None:
        self._settings = settings
        self._cache = ExactCache(settings.memory, settings.ttl)
        self._flights = Flights[Receipt]()

    async def answer(self, question: Question, receipt: Receipt, begin: Begin) -> ChunkStream:
        """A kept answer, one that is under way, or what `begin` generates under `receipt`."""
        if (unfit := self._unfit(question)) is not None:
            receipt.cache = unfit
            async with aclosing(begin()) as chunks:
                async for chunk in chunks:
                    yield chunk
            return
        with receipt.step("cache") as step:
            key = question.digest()
            found = self._found(key, question.wish)
            step.verdict = receipt.cache = "miss" if found is None else "hit"
        if found is not None:
            receipt.tier, receipt.model, receipt.reason = found.tier, found.model, "asked before"
            for index, choice in enumerate(found.choices):
                yield replace(choice, index=index)
            return

        def kept() -> ChunkStream:
            return self._kept(key, len(question.prompts), receipt, begin())

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

    def _found(self, key: bytes, wish: Freshness) -> Given | None:
        return self._cache.get(key, time.monotonic(), wish.max_age) if wish.read else None

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
        self, key: bytes, count: int, receipt: Receipt, chunks: ChunkStream
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
            self._cache.put(key, given, now)


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
