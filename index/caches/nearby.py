"""Which of the kept questions of one context are nearest to a new one.

A few are all compared. Of more, a graph (hnswlib) leads to the nearest, so that a hundred thousand
take hardly longer than a thousand.
"""

from typing import Any, Final

import hnswlib  # type: ignore[import-untyped]
import numpy as np

from index.documents import Vector

FEW: Final = 256  # that are compared as fast as a graph is searched
LINKS: Final = 16  # M: of a vector to its neighbours
BUILD_WIDTH: Final = 100  # ef_construction
SEARCH_WIDTH: Final = 48  # ef: candidates looked at
_GROWTH: Final = 1.25
_SEED: Final = 1


class Nearby:
    """Keys with vectors (d,) of length 1. For one thread."""

    def __init__(self, dimension: int) -> None:
        self._keys: list[bytes] = []
        self._rows = np.zeros((1, dimension), np.float32)  # the first are those of the keys
        self._graph: _Graph | None = None

    def __len__(self) -> int:
        return len(self._keys) if self._graph is None else len(self._graph)

    def add(self, key: bytes, vector: Vector) -> None:
        """`key` may not be there."""
        if self._graph is None and len(self._keys) == FEW:
            self._graph = _Graph(self._keys, self._rows[:FEW])
            self._keys, self._rows = [], self._rows[:0]
        if self._graph is not None:
            self._graph.add(key, vector)
            return
        count = len(self._keys)
        if count == len(self._rows):
            self._resize(2 * count)
        self._rows[count] = vector
        self._keys.append(key)

    def remove(self, key: bytes) -> None:
        """The last one takes its place."""
        if self._graph is not None:
            self._graph.remove(key)
            return
        place, last = self._keys.index(key), len(self._keys) - 1
        self._rows[place], self._keys[place] = self._rows[last], self._keys[last]
        self._keys.pop()
        if 0 < 4 * last < len(self._rows):
            self._resize(2 * last)

    def nearest(self, vector: Vector, most: int) -> list[tuple[bytes, float]]:
        """About the nearest `most` with their cosines, best first."""
        if self._graph is not None:
            return self._graph.nearest(vector, most)
        cosines = self._rows[: len(self._keys)] @ vector
        places = np.argsort(-cosines)[:most].tolist()
        return [(self._keys[at], float(cosines[at])) for at in places]

    def _resize(self, room: int) -> None:
        rows = np.zeros((room, self._rows.shape[1]), np.float32)
        count = min(room, len(self._keys))
        rows[:count] = self._rows[:count]
        self._rows = rows


class _Graph:
    """hnswlib gives the room of what was removed to what comes next."""

    def __init__(self, keys: list[bytes], rows: Vector) -> None:
        self._index: Any = hnswlib.Index("ip", rows.shape[1])
        self._index.init_index(
            2 * len(keys),
            M=LINKS,
            ef_construction=BUILD_WIDTH,
            random_seed=_SEED,
            allow_replace_deleted=True,
        )
        self._index.set_ef(SEARCH_WIDTH)
        self._labels: dict[bytes, int] = {}
        self._keys: dict[int, bytes] = {}
        self._next = 0
        for key, row in zip(keys, rows, strict=True):
            self.add(key, row)

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, key: bytes, vector: Vector) -> None:
        if len(self._keys) == self._index.get_max_elements():
            self._index.resize_index(int(len(self._keys) * _GROWTH))
        label, self._next = self._next, self._next + 1
        self._index.add_items(vector[None], [label], num_threads=1, replace_deleted=True)
        self._labels[key], self._keys[label] = label, key

    def remove(self, key: bytes) -> None:
        label = self._labels.pop(key)
        del self._keys[label]
        self._index.mark_deleted(label)

    def nearest(self, vector: Vector, most: int) -> list[tuple[bytes, float]]:
        wanted = min(most, len(self._keys))
        while wanted > 0:
            try:
                labels, distances = self._index.knn_query(vector, wanted, num_threads=1)
            except RuntimeError:  # the graph leads to fewer
                wanted //= 2
                continue
            near = zip(labels[0].tolist(), (1 - distances[0]).tolist(), strict=True)
            return [(self._keys[label], cosine) for label, cosine in near]
        return []
