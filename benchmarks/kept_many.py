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
REPEATS: Final = 7  # of each question, of which the fastest counts: other work shares the machine


def speed(asked: Sequence[Sentence], kept: Sequence[Sentence]) -> dict[str, float]:
    """Milliseconds that each of `asked` takes, its embedding aside, where `ENTRIES` are kept in its
    context: `kept`, and as many points around them as are lacking. `once`: the first time alone.
    """
    cache, rng = SemanticCache(1 << 32, trained(), BUDGET), np.random.default_rng(0)
    for number in range(ENTRIES):
        one = kept[number % len(kept)]
        if number >= len(kept):
            moved = one.vector + AROUND * rng.standard_normal(len(one.vector)).astype(np.float32)
            one = Sentence(one.text, moved / np.linalg.norm(moved), one.tokens)
        cache.put(b"", b"%d" % number, one)
    times = np.array([[_took(cache, sentence) for _ in range(REPEATS)] for sentence in asked])
    fastest = times.min(1)
    return {
        "entries": len(cache),
        "p50_ms": float(np.median(fastest)),
        "p95_ms": float(np.quantile(fastest, 0.95)),
        "once_p50_ms": float(np.median(times[:, 0])),
        "bytes_per_entry": cache.size / len(cache),
    }


def _took(cache: SemanticCache, sentence: Sentence) -> float:
    began = time.perf_counter()
    cache.find(b"", sentence)
    return (time.perf_counter() - began) * 1000
