"""What retrieval needs of a collection, whoever keeps it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from index.documents import StoredPassage, TokenVectors, Vector

Ranked = list[tuple[int, float]]


class Source(Protocol):
    """One collection, read at one moment. Ranked lists are (passage id, score), best first.

    `documents` None: all of them; else only passages of these document ids are found.
    """

    @property
    def size(self) -> int:
        """How many passages there are."""

    @property
    def dimension(self) -> int:
        """Of its vectors."""

    def lexical(
        self, words: Sequence[str], k: int, documents: Collection[str] | None = None
    ) -> Ranked:
        """At most `k` passages with any of `words`, by BM25 (greater is better)."""

    def dense(self, vector: Vector, k: int, documents: Collection[str] | None = None) -> Ranked:
        """At most `k` passages by cosine to `vector` (d,) of length 1."""

    def passages(self, ids: Collection[int]) -> Mapping[int, StoredPassage]:
        """Those of `ids` that exist."""

    def vectors(self, ids: Collection[int]) -> Mapping[int, Vector]:
        """Their vectors (d,), each of length 1."""

    def token_vectors(self, ids: Collection[int]) -> Mapping[int, TokenVectors]:
        """Their token vectors (t, d), of length 1 and times 127, where they were kept."""
