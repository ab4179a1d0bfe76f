"""What a request asks, embedded at most once, whoever needs it first: routing, cache or search."""

import asyncio
from contextlib import suppress

from index.documents import Question
from models.embedder import DeepEmbeddings, Embedder
from models.errors import EngineError

LONGEST = 20_000  # characters that an embedder is given; it takes both ends of them


class Asking:
    """The text of one request. `close` ends what nobody waits for any more."""

    def __init__(self, embedder: Embedder | None, text: str) -> None:
        self.text = text
        self._embedder = embedder
        self._work: asyncio.Task[DeepEmbeddings] | None = None
        self._closed = False

    async def question(self, patience: float) -> Question:
        """With its vectors, where they come within `patience` seconds; the work goes on."""
        if self._embedder is None or not self.text.strip():
            return Question(self.text)
        if self._work is None:
            texts = [self.text[:LONGEST]]
            self._work = asyncio.ensure_future(self._embedder.embed_deep(texts, "question"))
        try:
            async with asyncio.timeout(patience):
                found = await asyncio.shield(self._work)
        except (EngineError, TimeoutError):  # it is still loading, or busy
            return Question(self.text)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not self._closed or (task is not None and task.cancelling()):
                raise
            return Question(self.text)  # whoever it was for has left, but not whoever waits
        return Question(self.text, found.vectors[0], found.token_vectors[0])

    async def close(self) -> None:
        self._closed = True
        if self._work is not None:
            self._work.cancel()
            with suppress(asyncio.CancelledError, EngineError):
                await self._work
