"""How long a question takes where very many are kept."""

import time
from collections.abc import Sequence
from typing import Final

import numpy as np

from index.caches.semantic import SemanticCache
from index.caches.verdict import Sentence, trained

ENTRIES: Final = 100_000
AROUND: Final = 0.03  # of each coordinate: cosines about 0.86 with the one that it was made from
BUDGET: Final = 0.01


def speed(asked: Sequence[Sentence], kept: Sequence[Sentence]) -> dict[str, float]:
    """Milliseconds of the processor's time that each of `asked` takes, its embedding aside, where
    `ENTRIES` are kept in its context: `kept`, and as many points around them as are lacking.
    """
    cache, rng = SemanticCache(1 << 32, trained(), BUDGET), np.random.default_rng(0)
    for number in range(ENTRIES):
        one = kept[number % len(kept)]
        if number >= len(kept):
            moved = one.vector + AROUND * rng.standard_normal(len(one.vector)).astype(np.float32)
            one = Sentence(one.text, moved / np.linalg.norm(moved), one.tokens)
        cache.put(b"", b"%d" % number, one)
    times = []
    for sentence in asked:
        began = time.thread_time()
        cache.find(b"", sentence)
        times.append((time.thread_time() - began) * 1000)
    return {
        "entries": len(cache),
        "p50_ms": float(np.median(times)),
        "p95_ms": float(np.quantile(times, 0.95)),
        "bytes_per_entry": cache.size / len(cache),
    }
