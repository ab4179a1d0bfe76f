"""How hard a prompt is, in time for the router: one embedding and a few thousand products."""

import asyncio
from typing import Final

from models.embedder import Embedder
from models.errors import EngineError
from serve.policy.difficulty import trained
from serve.policy.routing import Guess

LONGEST: Final = 4000  # characters that are embedded; the embedder reads 256 tokens anyway


class DifficultyJudge:
    """`patience` in seconds; an embedder that needs longer leaves only the surface to judge."""

    def __init__(self, embedder: Embedder | None, patience: float) -> None:
        self._embedder = embedder
        self._patience = patience

    async def guess(self, text: str, quality: float) -> Guess:
        vector = None
        if self._embedder is not None and text.strip():
            try:
                async with asyncio.timeout(self._patience):
                    vector = (await self._embedder.embed([text[:LONGEST]])).vectors[0]
            except (EngineError, TimeoutError):
                pass  # it is still loading, or busy
        return trained().guess(text, vector, quality)
