"""Whether answers given in other words would have been right: some are generated anyway.

Only while the engines have nothing else to do, and behind the answer: nobody waits for it.
"""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from index.caches.agreement import agree, can_tell
from index.caches.memory import Memory, Trial
from index.caches.sealed import Given, Owner
from models.embedder import Embedder
from models.errors import EngineError

PATIENCE: Final = 5.0  # seconds for both embeddings
MOST: Final = 16  # comparisons at a time


@dataclass(slots=True)
class Checking:
    """`share` of what would be given is generated; `idle` says whether engines have time."""

    memory: Memory
    embedder: Embedder | None
    share: float
    idle: Callable[[], bool]
    draw: Callable[[], float] = random.random
    _work: set[asyncio.Task[None]] = field(default_factory=set)

    def wants(self, trial: Trial | None) -> bool:
        """Whether an answer that may be given is generated anyway."""
        return trial is not None and self.draw() < self.share and self.idle()

    def compare(self, trial: Trial, owner: Owner, made: Given) -> None:
        """Tells the memory, later, whether what is kept says what was `made` instead. What would
        not have been given anyway is compared only while there is time for it.
        """
        if not (trial.judged.sure or self.idle()):
            return
        kept = trial.kept.sealed.opened(owner)
        if kept is None or self.embedder is None or len(self._work) >= MOST:
            return
        answers = [_text(given) for given in (kept, made)]
        if None in answers or not can_tell(*map(str, answers)):
            return
        work = asyncio.ensure_future(self._compare(trial, *map(str, answers)))
        self._work.add(work)
        work.add_done_callback(self._work.discard)

    async def close(self) -> None:
        for work in list(self._work):
            work.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)

    async def _compare(self, trial: Trial, kept: str, made: str) -> None:
        if self.embedder is None:
            return
        with suppress(EngineError, TimeoutError):
            async with asyncio.timeout(PATIENCE):
                one, other = (await self.embedder.embed([kept, made])).vectors
            await self.memory.observe(trial.judged, agree(kept, made, float(one @ other)))


def _text(given: Given) -> str | None:
    """Of the only choice; None where there are others, or tools are called."""
    (first, *more) = given.choices
    return None if more or first.calls or first.finish_reason != "stop" else first.text
