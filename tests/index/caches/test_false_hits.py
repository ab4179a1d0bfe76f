"""With the real embedder and the weights that come with Hearth: who gets whose answer."""

import pytest

from benchmarks.near_misses import Pair, near_misses, paraphrases
from index.caches.semantic import SemanticCache
from index.caches.verdict import Sentence, highest_share, trained
from models.embedder import SentenceEmbedder

TOGETHER = 64
BUDGET = 0.01


def is_hit(pair: Pair, known: dict[str, Sentence]) -> bool:
    cache = SemanticCache(1 << 20, trained(), BUDGET)
    cache.put(b"context", b"key", known[pair.kept])
    return cache.find(b"context", known[pair.asked]).key is not None


@pytest.mark.slow
async def test_near_misses_stay_within_the_budget_and_most_paraphrases_hit() -> None:
    others, same = near_misses(), paraphrases()
    texts = sorted({text for pair in others + same for text in (pair.asked, pair.kept)}, key=len)
    embedder, known = SentenceEmbedder("all-minilm-l6-v2", 2), dict[str, Sentence]()
    for at in range(0, len(texts), TOGETHER):
        part = texts[at : at + TOGETHER]
        found = await embedder.embed_deep(part, "question")
        rows = zip(part, found.vectors, found.token_vectors, strict=True)
        known |= {row[0]: Sentence(*row) for row in rows}
    wrong = sum(is_hit(pair, known) for pair in others)
    assert highest_share(wrong, len(others)) <= BUDGET
    assert sum(is_hit(pair, known) for pair in same) >= 0.6 * len(same)
