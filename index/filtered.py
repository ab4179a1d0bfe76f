"""A part of a collection, as if there were nothing else in it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from index.documents import StoredPassage, TokenVectors, Vector
from index.source import Ranked, Source


@dataclass(frozen=True, slots=True)
class Filtered:
    """`source` with nothing but these `documents`, by id."""

    source: Source
    documents: frozenset[str]

    @property
    def size(self) -> int:
        """Of the whole: an upper bound."""
        return self.source.size

    @property
    def dimension(self) -> int:
        return self.source.dimension

    def lexical(
        self, words: Sequence[str], k: int, documents: Collection[str] | None = None
    ) -> Ranked:
        return self.source.lexical(words, k, self._both(documents))

    def dense(self, vector: Vector, k: int, documents: Collection[str] | None = None) -> Ranked:
        return self.source.dense(vector, k, self._both(documents))

    def passages(self, ids: Collection[int]) -> Mapping[int, StoredPassage]:
        found = self.source.passages(ids)
        return {row: one for row, one in found.items() if one.document in self.documents}

    def vectors(self, ids: Collection[int]) -> Mapping[int, Vector]:
        return self.source.vectors(ids)

    def token_vectors(self, ids: Collection[int]) -> Mapping[int, TokenVectors]:
        return self.source.token_vectors(ids)

    def _both(self, documents: Collection[str] | None) -> frozenset[str]:
        return self.documents if documents is None else self.documents.intersection(documents)
