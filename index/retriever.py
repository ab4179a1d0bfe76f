"""From a question to the passages that answer it.

    words  -> BM25 of each collection ┐
    vector -> nearest of each         ┴ fused -> MaxSim over token vectors -> blended (-> reread)

What the ranking is made of is in `index.ranking`; here it is put together. A part that is missing
is left out and said: without the question's vector, words decide alone.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, TypeVar

import numpy as np

from index.documents import Hit, Question, StoredPassage, Vector
from index.ranking.candidates import Candidates, by_words, together, with_vectors
from index.ranking.confidence import likelihood
from index.ranking.fusion import Scores, blended, reread
from index.ranking.repetition import distinct
from index.ranking.words import covered, searched
from index.source import Source
from models.errors import EngineError
from models.late import maxsim
from models.reranker import Reranker

BY_WORDS: Final = "Searched by words alone: there was no vector of the question."
UNUSABLE: Final = "Searched by words alone: the question's vector cannot be compared."
NOT_REREAD: Final = "The reranker did not answer: the order is that of the vectors and words."
REREAD: Final = 20  # passages that a cross-encoder reads

T = TypeVar("T")
Read = Callable[[Source, Collection[int]], Mapping[int, T]]


@dataclass(frozen=True, slots=True)
class RetrievalPlan:
    """`passages`: how many hits at most. `rerank` False: neither late interaction nor rereading.

    `candidates` are looked for by words and as many by vector, in each collection; the best
    `reranked` of all are compared with the question token by token.
    """

    passages: int = 5
    rerank: bool = True
    candidates: int = 50
    reranked: int = 32


@dataclass(frozen=True, slots=True)
class Retrieval:
    """`timings` in milliseconds by stage; `notes` for people: what was not as usual. `keep`: an
    answer from it may be kept.
    """

    hits: tuple[Hit, ...]
    timings: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    keep: bool = True


async def retrieve(
    question: Question,
    sources: Sequence[Source],
    plan: RetrievalPlan,
    reranker: Reranker | None = None,
) -> Retrieval:
    """The passages of `sources` that are most likely about the question, best first.

    Raises `IndexRefusal` when a source does.
    """
    search = _Search(question, sources, plan)
    found = await asyncio.to_thread(search.found)
    if reranker is not None and plan.rerank and found:
        found = await search.reread(found, reranker)
    kept = distinct((one.passage.passage.text for one in found), plan.passages)
    hits = tuple(search.hit(found[place]) for place in kept)
    return Retrieval(hits, search.timings, tuple(search.notes))


@dataclass(frozen=True, slots=True)
class _Found:
    passage: StoredPassage
    order: float
    stages: Mapping[str, float]


class _Search:
    """One question on its way; `timings` and `notes` grow as it goes."""

    def __init__(self, question: Question, sources: Sequence[Source], plan: RetrievalPlan) -> None:
        self._question = question
        self._sources = sources
        self._plan = plan
        self._wide = max(plan.candidates, plan.passages)
        self._words = searched(question.text)
        self._vector = self._usable(question.vector)
        self.timings: dict[str, float] = {}
        self.notes: list[str] = []
        if self._vector is None:
            self.notes.append(BY_WORDS if question.vector is None else UNUSABLE)

    def found(self) -> list[_Found]:
        """More than are asked for, for some will repeat each other."""
        if not self._sources:
            return []
        every = together([self._candidates(source) for source in self._sources])
        most = max(self._plan.reranked, 2 * self._plan.passages)
        best = every.at(np.argsort(-every.fused, kind="stable")[:most])
        late = self._late(best)
        known = {"lexical": best.lexical, "words": best.words, "fused": best.fused}
        if best.dense is not None:
            known["dense"] = best.dense
        order = best.fused
        if best.dense is not None and late is not None:
            order = known["blended"] = blended(best.words, best.dense, late)
            known["late"] = late
        with self._timed("passages"):
            return self._passages(best, order, known)

    async def reread(self, found: list[_Found], reranker: Reranker) -> list[_Found]:
        """In the order of a cross-encoder, as far as it is to read."""
        first, rest = found[:REREAD], found[REREAD:]
        with self._timed("reread"):
            try:
                texts = [one.passage.passage.embedded_text for one in first]
                answers = np.array(await reranker.score(self._question.text, texts), np.float32)
            except EngineError:
                self.notes.append(NOT_REREAD)
                return found
        order = reread(np.array([one.order for one in first], np.float32), answers)
        again = [
            _Found(one.passage, float(place), {**one.stages, "reread": float(answer)})
            for one, place, answer in zip(first, order, answers, strict=True)
        ]
        return sorted(again, key=lambda one: -one.order) + rest

    def hit(self, found: _Found) -> Hit:
        coverage = covered(self._words, found.passage.passage.embedded_text)
        stages = {**found.stages, "coverage": coverage}
        return Hit(found.passage, likelihood(stages), stages)

    def _usable(self, vector: Vector | None) -> Vector | None:
        """None where it has not the length 1, or not the dimension of every collection."""
        if vector is None or not all(vector.shape == (one.dimension,) for one in self._sources):
            return None
        return vector if abs(float(np.linalg.norm(vector)) - 1) < 0.01 else None

    def _candidates(self, source: Source) -> Candidates:
        with self._timed("lexical"):
            by_bm25 = source.lexical(self._words, self._wide) if self._words else []
            found = by_words(source, self._words, by_bm25)
        if self._vector is None:
            return found
        with self._timed("dense"):
            near = source.dense(self._vector, self._wide)
            return with_vectors(found, source, self._vector, near)

    def _late(self, best: Candidates) -> Scores | None:
        """MaxSim of each; a passage without token vectors has its cosine. None: left out."""
        tokens = self._question.tokens
        if not self._plan.rerank or best.dense is None or tokens is None or not len(tokens):
            return None
        with self._timed("late"):
            kept = self._of_each(best, lambda source, ids: source.token_vectors(ids))
            none = np.empty((0, tokens.shape[1]), np.int8)
            scores = maxsim(tokens, [none if one is None else one for one in kept])
            without = np.array([one is None for one in kept])
            return np.where(without, best.dense, scores).astype(np.float32)

    def _passages(
        self, best: Candidates, order: Scores, known: Mapping[str, Scores]
    ) -> list[_Found]:
        places = np.argsort(-order, kind="stable")[: max(REREAD, 2 * self._plan.passages)]
        kept = self._of_each(best.at(places), lambda source, ids: source.passages(ids))
        return [
            _Found(passage, float(order[at]), {name: float(of[at]) for name, of in known.items()})
            for at, passage in zip(places, kept, strict=True)
            if passage is not None  # deleted a moment ago
        ]

    def _of_each(self, best: Candidates, read: Read[T]) -> list[T | None]:
        """What `read` gives of the collection that each has, or None."""
        found: dict[tuple[int, int], T] = {}
        for place, source in enumerate(self._sources):
            ids = best.ids[best.source == place].tolist()
            found |= {(place, id): one for id, one in read(source, ids).items()} if ids else {}
        pairs = zip(best.source.tolist(), best.ids.tolist(), strict=True)
        return [found.get(pair) for pair in pairs]

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            taken = (time.perf_counter() - start) * 1000
            self.timings[stage] = self.timings.get(stage, 0.0) + taken
