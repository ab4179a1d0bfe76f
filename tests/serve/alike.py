"""Kept answers in other words as the appliance has them: embedder, weights, budget; questions."""

import time
from dataclasses import dataclass
from typing import Any, Final

from index.caches.local import LocalMemory
from index.caches.semantic import SemanticCache
from index.caches.verdict import trained
from models.embedder import SentenceEmbedder
from serve.pipeline import Helpers

SETTINGS: Final[dict[str, Any]] = {"cache": {"semantic": True, "checked": 0}}
BUDGET: Final = 0.01

ASKED: Final = "How long is the notice period after two years?"
REWORDED: Final = "What is the notice period after two years?"
NEAR_MISSES: Final = {
    "How long is the notice period after three years?": "vetoed: number",
    "How long is the notice period not after two years?": "vetoed: negation",
    "How long is the notice period of Acme after two years?": "vetoed: name",
}


@dataclass
class Clock:
    """The real one, set forward by `ahead` seconds."""

    ahead: float = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead


def helpers(clock: Clock) -> Helpers:
    kept = SemanticCache(1 << 20, trained(), BUDGET)
    memory = LocalMemory(1 << 20, 3600, kept, clock)
    return Helpers(SentenceEmbedder("all-minilm-l6-v2", 1), memory=memory, alike=True)
