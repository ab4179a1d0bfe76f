"""Vectors side by side in memory, all of which are compared with a question."""

import numpy as np
from numpy.typing import NDArray

from index.documents import Vector
from index.vectors.roster import NONE, Ids, Mask

Matrix = NDArray[np.float32]
Scores = NDArray[np.float32]
Found = tuple[Ids, Scores]

_GROWTH = 1.5


class ExactRows:
    """Never changed once made: `with_rows` and `without` give others, which share memory."""

    def __init__(self, ids: Ids, matrix: Matrix) -> None:
        self.ids = ids
        self.matrix = matrix
        self._room = (ids, matrix)  # what `ids` and `matrix` are the beginning of

    @classmethod
    def empty(cls, dimension: int) -> "ExactRows":
        return cls(NONE, np.empty((0, dimension), np.float32))

    def __len__(self) -> int:
        return len(self.ids)

    def with_rows(self, ids: Ids, matrix: Matrix) -> "ExactRows":
        """One caller at a time, and only ever upon the last result."""
        count, total = len(self), len(self) + len(ids)
        room_ids, room = self._room
        if total > len(room_ids):
            capacity = max(total, int(len(room_ids) * _GROWTH))
            room_ids = np.empty(capacity, np.int64)
            room = np.empty((capacity, self.matrix.shape[1]), np.float32)
            room_ids[:count], room[:count] = self.ids, self.matrix
        room_ids[count:total], room[count:total] = ids, matrix
        grown = ExactRows(room_ids[:total], room[:total])
        grown._room = (room_ids, room)
        return grown

    def only(self, keep: Mask) -> "ExactRows":
        return self if keep.all() else ExactRows(self.ids[keep], self.matrix[keep])

    def search(self, vector: Vector, k: int, keep: Mask | None = None) -> Found:
        """The best `k` of all, or of those to `keep`; best first."""
        ids, scores = self.ids, self.matrix @ vector
        if keep is not None:
            ids, scores = ids[keep], scores[keep]
        return best(ids, scores, k)


def best(ids: Ids, scores: Scores, k: int) -> Found:
    """The `k` greatest, best first; the older first where they are equal."""
    if k < len(scores):
        top = np.argpartition(-scores, k - 1)[:k] if k > 0 else np.empty(0, np.int64)
        ids, scores = ids[top], scores[top]
    order = np.lexsort((ids, -scores))
    return ids[order], scores[order]
