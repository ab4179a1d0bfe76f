"""hnswlib, with what it does not do by itself.

It marks what is deleted and never removes it, raises when it finds fewer than `k`, and must not be
searched while something is added. Additions here are a few at a time, so that a search waits for
milliseconds; the labels are passage ids.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import hnswlib  # type: ignore[import-untyped]
import numpy as np

from index.documents import Vector
from index.vectors.exact import Found, Matrix
from index.vectors.roster import NONE, Ids, within

LINKS: Final = 16  # M: of a vector to its neighbours
BUILD_WIDTH: Final = 150  # ef_construction
SEARCH_WIDTH: Final = 250  # ef: candidates looked at for recall@10 of 0.98 among 100,000
MOST: Final = 4096  # results of one search
_GROWTH: Final = 1.25
_SEED: Final = 1


class Graph:
    """Safe for threads: many search, one adds. Vectors have length 1."""

    def __init__(self, dimension: int, capacity: int) -> None:
        self._index: Any = hnswlib.Index("ip", dimension)
        self._index.init_index(
            max(1, capacity), M=LINKS, ef_construction=BUILD_WIDTH, random_seed=_SEED
        )
        self._turn = threading.Lock()
        self._busy = threading.Lock()
        self._labels: list[Ids] = []
        self._count = 0
        self._marked: Ids = NONE

    @classmethod
    def loaded(cls, path: Path, dimension: int) -> "Graph":
        """From a file that is known to be whole: hnswlib reads past the end of others."""
        graph = cls(dimension, 1)
        graph._index = hnswlib.Index("ip", dimension)
        graph._index.load_index(str(path))
        labels = np.sort(np.asarray(graph._index.get_ids_list(), np.int64))
        graph._labels, graph._count = [labels], len(labels)
        return graph

    def __len__(self) -> int:
        return self._count

    @property
    def labels(self) -> Ids:
        """The ids of all that was ever added, ascending."""
        with self._alone():
            return self._merged()

    @property
    def dead(self) -> int:
        """How many of `labels` are only in the way."""
        return len(self._marked)

    def save(self, path: Path) -> int:
        """The size that a whole file has."""
        self._index.save_index(str(path))
        return int(self._index.index_file_size())

    def add(self, ids: Ids, matrix: Matrix) -> None:
        """None of `ids` may be there."""
        with self._alone():
            needed = len(self) + len(ids)
            if needed > self._index.get_max_elements():
                self._index.resize_index(int(needed * _GROWTH))
            self._index.add_items(matrix, ids, num_threads=1)
            self._labels.append(ids)
            self._count = needed

    def mark_dead(self, ids: Ids) -> None:
        """Those of `labels` that must not be found; whoever is marked stays so."""
        with self._alone():
            fresh = np.setdiff1d(ids[within(ids, self._merged())], self._marked)
            for label in fresh.tolist():
                with suppress(RuntimeError):  # the file that it came from knew already
                    self._index.mark_deleted(label)
            self._marked = np.union1d(self._marked, fresh)

    def search(self, vector: Vector, k: int) -> Found:
        """About the best `k`, best first; fewer where the graph does not lead to so many."""
        with self._alone():
            wanted = min(k, self._count - len(self._marked), MOST)
            while wanted > 0:
                self._index.set_ef(max(SEARCH_WIDTH, 2 * wanted))
                try:
                    found, distances = self._index.knn_query(vector, wanted, num_threads=1)
                except RuntimeError:  # it came to fewer than that
                    wanted //= 2
                    continue
                return found[0].astype(np.int64), np.float32(1) - distances[0]
        return NONE, np.empty(0, np.float32)

    def vectors(self, ids: Ids) -> tuple[Ids, Matrix]:
        """Of those of `ids` that are alive here."""
        with self._alone():
            here = within(ids, self._merged()) & ~within(ids, self._marked)
            if not here.any():
                return NONE, np.empty((0, self._index.dim), np.float32)
            found = self._index.get_items(ids[here], return_type="numpy")
            return ids[here], np.asarray(found, np.float32)

    def _merged(self) -> Ids:
        if len(self._labels) != 1:
            self._labels = [np.sort(np.concatenate((NONE, *self._labels)))]
        return self._labels[0]

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """In the order of coming: who adds many times in a row does not get ahead of others."""
        with self._turn:
            self._busy.acquire()
        try:
            yield
        finally:
            self._busy.release()
