"""A collection in memory: exact vectors, and BM25 as SQLite computes it."""

import math
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from index.documents import StoredPassage, TokenVectors, Vector
from index.source import Ranked

K1, B = 1.2, 0.75


class MemorySource:
    """Implements `index.source.Source`; passages, vectors and token vectors in the same order."""

    def __init__(
        self,
        passages: Sequence[StoredPassage],
        vectors: np.ndarray,
        tokens: Sequence[TokenVectors] = (),
    ) -> None:
        self._passages = {one.id: one for one in passages}
        self._ids = [one.id for one in passages]
        self._matrix = vectors
        self._vectors = dict(zip(self._ids, vectors, strict=True))
        self._tokens = dict(zip(self._ids, tokens, strict=False))
        self._counts = {one.id: Counter(words(one.passage.text)) for one in passages}

    @property
    def size(self) -> int:
        return len(self._passages)

    @property
    def dimension(self) -> int:
        return int(self._matrix.shape[1])

    def lexical(
        self, words: Sequence[str], k: int, documents: Collection[str] | None = None
    ) -> Ranked:
        scores = ((id, self._bm25(id, words)) for id in self._within(documents))
        return _best(((id, score) for id, score in scores if score > 0), k)

    def dense(self, vector: Vector, k: int, documents: Collection[str] | None = None) -> Ranked:
        within = set(self._within(documents))
        cosines = zip(self._ids, (self._matrix @ vector).tolist(), strict=True)
        return _best(((id, score) for id, score in cosines if id in within), k)

    def passages(self, ids: Collection[int]) -> Mapping[int, StoredPassage]:
        return {id: self._passages[id] for id in ids if id in self._passages}

    def vectors(self, ids: Collection[int]) -> Mapping[int, Vector]:
        return {id: self._vectors[id] for id in ids if id in self._vectors}

    def token_vectors(self, ids: Collection[int]) -> Mapping[int, TokenVectors]:
        return {id: self._tokens[id] for id in ids if id in self._tokens}

    def _within(self, documents: Collection[str] | None) -> list[int]:
        if documents is None:
            return self._ids
        return [id for id in self._ids if self._passages[id].document in documents]

    def _bm25(self, id: int, asked: Sequence[str]) -> float:
        counts, total = self._counts[id], 0.0
        length = sum(counts.values()) / (
            sum(sum(c.values()) for c in self._counts.values()) / len(self._counts)
        )
        for word in asked:
            having = sum(1 for c in self._counts.values() if word in c)
            rarity = max(math.log((self.size - having + 0.5) / (having + 0.5)), 1e-6)
            often = counts[word]
            total += rarity * often * (K1 + 1) / (often + K1 * (1 - B + B * length))
        return total


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _best(scored, k: int) -> Ranked:
    return sorted(scored, key=lambda one: (-one[1], one[0]))[:k]
