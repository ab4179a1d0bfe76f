"""The passages that come into question, and what is known of each."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.documents import Vector
from index.ranking.fusion import Scores, fused, strength
from index.source import Ranked, Source

Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Candidates:
    """Arrays of the same length. `source` is the place of a passage's collection among those
    asked; `lexical` is BM25, 0 where words did not find it; `words` is its strength, 0 to 1.
    """

    source: Places
    ids: NDArray[np.int64]
    lexical: Scores
    words: Scores
    dense: Scores | None

    @property
    def fused(self) -> Scores:
        """The strength of words alone where there is nothing else."""
        return self.words if self.dense is None else fused(self.words, self.dense)

    def at(self, places: Places) -> "Candidates":
        return Candidates(
            self.source[places],
            self.ids[places],
            self.lexical[places],
            self.words[places],
            None if self.dense is None else self.dense[places],
        )


def together(parts: Sequence[Candidates]) -> Candidates:
    """Those of several collections, all searched for the same question."""
    dense = [part.dense for part in parts if part.dense is not None]
    return Candidates(
        np.concatenate([np.full(len(part.ids), place) for place, part in enumerate(parts)]),
        np.concatenate([part.ids for part in parts]),
        np.concatenate([part.lexical for part in parts]),
        np.concatenate([part.words for part in parts]),
        np.concatenate(dense) if dense else None,
    )


def by_words(source: Source, words: Sequence[str], found: Ranked) -> Candidates:
    """What was found by words alone."""
    ids = np.array([id for id, _ in found], np.int64)
    scores = np.array([score for _, score in found], np.float32)
    best = source.passages(ids[:1].tolist()).values()
    text = next((one.passage.embedded_text for one in best), "")
    return Candidates(np.zeros_like(ids), ids, scores, strength(scores, words, text), None)


def with_vectors(found: Candidates, source: Source, vector: Vector, near: Ranked) -> Candidates:
    """`found` by words, and what is `near` the question's vector; all have their cosines.

    Who has no vector is as far away as the farthest.
    """
    cosines = dict(near)
    known = set(found.ids.tolist())
    new = np.array([id for id, _ in near if id not in known], np.int64)
    others = source.vectors(known - cosines.keys())
    cosines |= {id: float(other @ vector) for id, other in others.items()}
    least = min(cosines.values(), default=0.0)
    ids = np.concatenate([found.ids, new])
    none = np.zeros(len(new), np.float32)
    return Candidates(
        np.zeros_like(ids),
        ids,
        np.concatenate([found.lexical, none]),
        np.concatenate([found.words, none]),
        np.array([cosines.get(id, least) for id in ids.tolist()], np.float32),
    )
