"""The nearest passages of one collection: a graph for the bulk, exact rows for what is new.

A search looks into both, and lets through only what the roster, which comes from the database,
says is alive. What was added lies in the exact rows until `fold` takes it into the graph; small
collections have no graph at all.
"""

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Final, Protocol

import numpy as np

from index.documents import Vector
from index.vectors.exact import ExactRows, Found, Matrix, best
from index.vectors.graph import MOST, Graph
from index.vectors.roster import NONE, Ids, Mask, Roster, within

FEW: Final = 4000  # rows that are compared faster than a graph is searched
DEAD_SHARE: Final = 0.25  # of a graph's labels, from which on it is built again
_STEP: Final = 16  # rows added to a graph in one go: some 10 ms, which a search may wait
_SCAN: Final = 8000  # passages of chosen documents that are compared one by one
_ROWS_READ: Final = 4096


class Stored(Protocol):
    """A collection in the database, at one moment."""

    version: int

    def roster(self) -> Roster:
        """All documents that can be found."""

    def vectors(self, ids: Ids) -> Matrix:
        """Of passages that exist, in the order of `ids`, which ascend."""


@dataclass(frozen=True, slots=True)
class _State:
    """Everything that a search looks at; replaced as a whole."""

    version: int
    roster: Roster
    rows: ExactRows
    graph: Graph | None


class NearestPassages:
    """Safe for threads. `dimension` of its vectors, all of length 1; `few` rows need no graph."""

    def __init__(self, dimension: int, graph: Graph | None = None, few: int = FEW) -> None:
        self.dimension = dimension
        self._few = few
        self._changing = threading.Lock()
        self._state = _State(-1, Roster(), ExactRows.empty(dimension), graph)

    @property
    def version(self) -> int:
        """Of the collection, as it was read last."""
        return self._state.version

    @property
    def roster(self) -> Roster:
        return self._state.roster

    @property
    def graph(self) -> Graph | None:
        return self._state.graph

    @property
    def wants_folding(self) -> bool:
        """Whether `fold` would make it faster or smaller."""
        state = self._state
        return len(state.rows) > self._few or self._decayed(state)

    def refresh(self, stored: Stored) -> None:
        """Knows all that `stored` knows, and forgets the rest."""
        with self._changing:
            if stored.version <= self._state.version:
                return
            state, roster = self._state, stored.roster()
            if state.graph is not None:
                _mark_dead(state.graph, roster)
            rows = state.rows.only(roster.alive(state.rows.ids))
            fresh = _unknown(state, roster)
            for at in range(0, len(fresh), _ROWS_READ):
                part = fresh[at : at + _ROWS_READ]
                rows = rows.with_rows(part, stored.vectors(part))
            self._state = _State(stored.version, roster, rows, state.graph)

    def search(
        self, vector: Vector, k: int, documents: Collection[str] | None = None
    ) -> list[tuple[int, float]]:
        """At most `k` passage ids with their cosines, best first; only of `documents`, if any."""
        state = self._state
        chosen = None if documents is None else state.roster.chosen(documents)
        keep = None if chosen is None else state.roster.alive(state.rows.ids, chosen)
        ids, scores = state.rows.search(vector, k, keep)
        if state.graph is not None:
            others = _in_graph(state, state.graph, vector, (k, chosen))
            new = ~np.isin(others[0], ids)  # while rows are folded they are in both
            ids = np.concatenate((ids, others[0][new]))
            scores = np.concatenate((scores, others[1][new]))
        ids, scores = best(ids, scores, k)
        return list(zip(ids.tolist(), scores.tolist(), strict=True))

    def fold(self, stopped: Callable[[], bool]) -> bool:
        """Takes the rows into the graph, or makes a new one where the old is full of dead.

        Searches go on meanwhile. One caller at a time. False when it was stopped halfway.
        """
        state = self._state
        graph = state.graph
        if graph is None or self._decayed(state):
            graph = Graph(self.dimension, state.roster.size + self._few)
            if state.graph is not None and not _copy(state.graph, graph, stopped):
                return False
        if not _add(graph, state.rows, stopped):
            return False
        self._swap(graph)
        return True

    def _swap(self, graph: Graph) -> None:
        with self._changing:
            state = self._state
            _mark_dead(graph, state.roster)
            rows = state.rows.only(~within(state.rows.ids, graph.labels))
            self._state = replace(state, graph=graph, rows=rows)

    @staticmethod
    def _decayed(state: _State) -> bool:
        return state.graph is not None and state.graph.dead > DEAD_SHARE * len(state.graph)


def _unknown(state: _State, roster: Roster) -> Ids:
    """What is alive and not here. Ids rise: after the first reading, only greater ones are new."""
    ids = roster.ids()
    if state.version >= 0:
        return ids[ids > state.roster.newest]
    return ids if state.graph is None else ids[~within(ids, state.graph.labels)]


def _mark_dead(graph: Graph, roster: Roster) -> None:
    labels = graph.labels
    dead = labels[~roster.alive(labels)]
    if len(dead) > graph.dead:
        graph.mark_dead(dead)


def _in_graph(state: _State, graph: Graph, vector: Vector, asked: tuple[int, Mask | None]) -> Found:
    """Asks for more than `k` until enough of what comes is wanted, or compares all of it."""
    k, chosen = asked
    candidates = state.roster.ids(chosen) if chosen is not None else NONE
    if chosen is not None and len(candidates) <= _SCAN:
        return _scan(graph, candidates, vector, k)
    there = len(graph) - graph.dead if chosen is None else len(candidates)
    wanted = int(k * max(1.0, state.roster.size / max(1, there)) * 1.2) + 8
    while wanted <= MOST:
        ids, scores = graph.search(vector, wanted)
        keep = state.roster.alive(ids, chosen)
        if keep.sum() >= min(k, there):
            return ids[keep], scores[keep]
        wanted *= 2
    return _scan(graph, state.roster.ids(chosen), vector, k)


def _scan(graph: Graph, ids: Ids, vector: Vector, k: int) -> Found:
    found = NONE, np.empty(0, np.float32)
    for at in range(0, len(ids), _ROWS_READ):
        part, matrix = graph.vectors(ids[at : at + _ROWS_READ])
        scores = np.concatenate((found[1], matrix @ vector))
        found = best(np.concatenate((found[0], part)), scores, k)
    return found


def _copy(old: Graph, new: Graph, stopped: Callable[[], bool]) -> bool:
    labels = old.labels
    for at in range(0, len(labels), _ROWS_READ):
        if not _add(new, ExactRows(*old.vectors(labels[at : at + _ROWS_READ])), stopped):
            return False
    return True


def _add(graph: Graph, rows: ExactRows, stopped: Callable[[], bool]) -> bool:
    """All of `rows` that are not there yet. False when it was stopped before the end."""
    fresh = rows.only(~within(rows.ids, graph.labels))
    for at in range(0, len(fresh), _STEP):
        if stopped():
            return False
        graph.add(fresh.ids[at : at + _STEP], fresh.matrix[at : at + _STEP])
    return True
