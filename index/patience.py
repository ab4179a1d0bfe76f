"""An embedder that is waited for: loading, busy or being replaced, it comes back."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from models.embedder import DeepEmbeddings, Embedder
from models.errors import EngineBusy, EngineInterrupted, EngineUnavailable

LOG = logging.getLogger("hearth.ingestion")

FIRST_PAUSE: Final = 0.5  # seconds before the embedder is asked again; they double
LONGEST_PAUSE: Final = 15.0

Told = Callable[[], Awaitable[None]]


async def embedded(
    embedder: Embedder, texts: list[str], told: Told | None = None
) -> DeepEmbeddings:
    """The vectors of passages, however long that takes; `told` hears of every wait.

    Raises `EngineError` for what waiting does not mend.
    """
    pause = FIRST_PAUSE
    while True:
        try:
            return await embedder.embed_deep(texts, "passage")
        except (EngineBusy, EngineUnavailable, EngineInterrupted) as exc:
            LOG.warning("passages wait for the embedder: %s", exc.message)
        if told is not None:
            await told()
        await asyncio.sleep(pause)
        pause = min(LONGEST_PAUSE, 2 * pause)
