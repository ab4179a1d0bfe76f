"""The library of an appliance, opened as its settings say."""

import logging
from pathlib import Path
from typing import Final

from index.ingestion import Ingestion
from index.keeper import Keeper, KeeperOptions
from index.store.collections import Embedding
from index.store.store import Store
from models.embedder import Embedder
from models.errors import ModelRefused
from models.reranker import CrossEncoderReranker, Reranker
from models.tokens import BundledTokens, WordTokens
from serve.config import Settings

LOG = logging.getLogger("hearth.library")

DIMENSIONS: Final = {"sentence": 384, "hashing": 64}


async def open_library(settings: Settings, embedder: Embedder) -> Keeper:
    """For the one process that writes it. Raises what the store does."""
    folder, chosen = settings.data / "library", settings.embedder
    store = Store(folder, settings.library.quota_bytes)
    made_by = Embedding(f"{chosen.model}/{embedder.card.revision}", DIMENSIONS[chosen.engine])
    counter = BundledTokens() if chosen.engine == "sentence" else WordTokens()
    ingestion = Ingestion(store, embedder, counter, made_by)
    options = KeeperOptions(settings.limits.file_bytes, _reranker(settings.retrieval.reranker))
    keeper = Keeper(store, ingestion, made_by, folder / "incoming", options)
    await keeper.start()
    return keeper


def _reranker(folder: Path | None) -> Reranker | None:
    """None, too, where it cannot be loaded: answers are found without it."""
    if folder is None:
        return None
    try:
        return CrossEncoderReranker(folder.expanduser())
    except ModelRefused as exc:
        LOG.error("retrieval.reranker is left out: %s", exc.message)
        return None
