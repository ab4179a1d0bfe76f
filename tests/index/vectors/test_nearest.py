"""What is nearest is found as if everything were compared, whatever was added and deleted."""

import threading
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.vectors.exact import Matrix
from index.vectors.graph import Graph
from index.vectors.nearest import NearestPassages
from index.vectors.roster import Ids, Roster, Span

DIMENSION = 8
RNG = np.random.default_rng(0)


def going() -> bool:
    return False


class Kept:
    """A database of vectors, in memory."""

    def __init__(self) -> None:
        self.version = 0
        self.spans: list[Span] = []
        self.matrix = np.empty((0, DIMENSION), np.float32)

    def add(self, count: int) -> None:
        first = len(self.matrix) + 1
        new = RNG.standard_normal((count, DIMENSION)).astype(np.float32)
        new /= np.linalg.norm(new, axis=1, keepdims=True)
        self.matrix = np.concatenate((self.matrix, new))
        self.spans.append(Span(first, first + count - 1, f"doc {first}"))
        self.version += 1

    def delete(self, place: int) -> None:
        if self.spans:
            del self.spans[place % len(self.spans)]
            self.version += 1

    def roster(self) -> Roster:
        return Roster(self.spans)

    def vectors(self, ids: Ids) -> Matrix:
        return self.matrix[ids - 1]

    def exact(self, vector: Matrix, k: int, documents: set[str] | None = None) -> list[int]:
        spans = [s for s in self.spans if documents is None or s.document in documents]
        ids = [row for span in spans for row in range(span.first, span.last + 1)]
        return sorted(ids, key=lambda row: (-float(self.matrix[row - 1] @ vector), row))[:k]


def question() -> Matrix:
    vector = RNG.standard_normal(DIMENSION).astype(np.float32)
    return vector / np.linalg.norm(vector)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(1, 30)),
        st.tuples(st.just("delete"), st.integers(0, 50)),
        st.tuples(st.just("fold"), st.just(0)),
        st.tuples(st.just("stop"), st.integers(0, 3)),
        st.tuples(st.just("reload"), st.just(0)),
    ),
    max_size=25,
)


@settings(max_examples=80)
@given(STEPS, st.integers(0, 20))
def test_results_are_those_of_comparing_everything(steps: list[tuple[str, int]], few: int) -> None:
    kept = Kept()
    nearest = NearestPassages(DIMENSION, few=few)
    for what, number in steps:
        if what == "add":
            kept.add(number)
        elif what == "delete":
            kept.delete(number)
        elif what == "fold":
            nearest.fold(going)
        elif what == "stop":
            left = iter(range(number))
            nearest.fold(lambda left=left: next(left, None) is None)
        else:  # another process, with the graph of this one
            nearest = NearestPassages(DIMENSION, nearest.graph, few)
        nearest.refresh(kept)
        vector = question()
        assert [row for row, _ in nearest.search(vector, 7)] == kept.exact(vector, 7)
        some = {span.document for span in kept.spans[::2]}
        chosen = [row for row, _ in nearest.search(vector, 7, some)]
        assert chosen == kept.exact(vector, 7, some)


def test_scores_are_cosines() -> None:
    kept, nearest = Kept(), NearestPassages(DIMENSION, few=5)
    kept.add(20)
    nearest.refresh(kept)
    vector = question()
    for _ in range(2):
        for row, score in nearest.search(vector, 20):
            assert score == pytest.approx(float(kept.matrix[row - 1] @ vector), abs=1e-5)
        nearest.fold(going)


def test_a_graph_full_of_dead_is_built_again() -> None:
    kept, nearest = Kept(), NearestPassages(DIMENSION, few=5)
    for _ in range(10):
        kept.add(20)
    nearest.refresh(kept)
    nearest.fold(going)
    for _ in range(4):
        kept.delete(3)
    nearest.refresh(kept)
    assert nearest.wants_folding
    nearest.fold(going)
    assert not nearest.wants_folding
    assert nearest.graph is not None
    assert (len(nearest.graph), nearest.graph.dead) == (120, 0)


def test_more_is_asked_for_than_there_is() -> None:
    kept, nearest = Kept(), NearestPassages(DIMENSION, few=0)
    assert nearest.search(question(), 5) == []
    kept.add(3)
    nearest.refresh(kept)
    nearest.fold(going)
    assert len(nearest.search(question(), 10**6)) == 3
    kept.delete(0)
    nearest.refresh(kept)
    assert nearest.search(question(), 5) == []


def test_chosen_documents_are_found_among_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.vectors.nearest._SCAN", 10)
    kept, nearest = Kept(), NearestPassages(DIMENSION, few=5)
    for _ in range(60):
        kept.add(20)
    nearest.refresh(kept)
    nearest.fold(going)
    for share in (2, 7, 20):
        some = {span.document for span in kept.spans[::share]}
        for _ in range(20):
            vector = question()
            found = [row for row, _ in nearest.search(vector, 10, some)]
            assert found == kept.exact(vector, 10, some)


def test_searches_during_changes_find_what_stays() -> None:
    """Readers meet every stage of folding and refreshing; the first document is never touched."""
    kept, nearest = Kept(), NearestPassages(DIMENSION, few=50)
    kept.add(10)
    nearest.refresh(kept)
    vector, done, wrong = kept.matrix[4], threading.Event(), []

    def read() -> None:
        while not done.is_set():
            if [row for row, _ in nearest.search(vector, 1)] != [5]:
                wrong.append(1)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for _ in range(40):
        kept.add(20)
        nearest.refresh(kept)
        if len(kept.spans) > 8:
            kept.delete(3)
            nearest.refresh(kept)
        nearest.fold(going)
    done.set()
    for reader in readers:
        reader.join(60)
    assert wrong == []


def clustered(count: int, dimension: int) -> Iterator[Matrix]:
    rng = np.random.default_rng(3)
    centres = rng.standard_normal((30, dimension)).astype(np.float32)
    for size in (count, 100):
        made = centres[rng.integers(0, 30, size)]
        made = made + 0.7 * rng.standard_normal((size, dimension)).astype(np.float32)
        yield np.asarray(made / np.linalg.norm(made, axis=1, keepdims=True), np.float32)


def test_a_graph_finds_nearly_all_of_the_nearest() -> None:
    matrix, questions = clustered(4000, 64)
    graph = Graph(64, 10)
    ids = np.arange(1, 4001, dtype=np.int64)
    for at in range(0, 4000, 100):
        graph.add(ids[at : at + 100], matrix[at : at + 100])
    hits = 0
    for vector in questions:
        exact = set((np.argpartition(-(matrix @ vector), 10)[:10] + 1).tolist())
        hits += len(exact & set(graph.search(vector, 10)[0].tolist()))
    assert hits >= 0.98 * 10 * len(questions)
