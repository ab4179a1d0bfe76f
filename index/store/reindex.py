"""Another embedding model for a collection, without a moment in which it does not answer.

New vectors are written beside the old ones, as another generation. When none is missing and the
new ones find what they should, one row is changed, and the next search uses them. The former
generation stays, one at most, until it is confirmed that nobody wants it back or another takes its
place. To go back to it, only the passages that came since then are embedded.
"""

from asyncio import to_thread
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

import apsw

from index.documents import Vector
from index.errors import Conflict
from index.store import access, passage_rows
from index.store.collections import Embedding, add_generation, begin_use, remove_generation
from index.store.database import Database
from index.store.documents import touch
from index.store.generations import (
    Embed,
    Embedded,
    Generation,
    check_there,
    generations_of,
    lacking,
    size_of,
    write,
)
from index.store.queries import all_rows, one_row
from index.store.records import CollectionRecord, Reader
from index.store.source import StoredCollection
from index.vectors.cache import NearestCache

BATCH: Final = 32  # passages that are embedded and written together
SAMPLES: Final = 50  # passages whose own words are asked for
FOUND_AMONG: Final = 10
LEAST_RECALL: Final = 0.8  # of the samples, where the old model is not there to compare with
WORSE: Final = 0.04  # how much less than the old model the new one may find
_QUESTION_WORDS: Final = 12

_SAMPLES: Final = """
    SELECT p.id, p.text FROM documents d JOIN passages p ON p.id BETWEEN d.first AND d.last
    WHERE d.collection = ? ORDER BY (p.id * 2654435761) % 4294967296 LIMIT ?
"""


@dataclass(frozen=True, slots=True)
class Recall:
    """The share of sampled passages that their own first words find. `before` by the old model."""

    after: float
    before: float | None = None

    @property
    def enough(self) -> bool:
        return self.after >= (LEAST_RECALL if self.before is None else self.before - WORSE)


class Reindexing:
    """All methods need a reader who may write the collection. Embedding is the caller's, who
    gives it a low priority.
    """

    def __init__(self, db: Database, nearest: NearestCache, clock: Callable[[], float]) -> None:
        self._db = db
        self._nearest = nearest
        self._clock = clock

    async def replace(
        self,
        reader: Reader,
        collection: str,
        made_by: Embedding,
        embed: Embed,
        old: Embed | None = None,
    ) -> Recall | None:
        """From the beginning to the change of model, or on from where it was interrupted.

        None where it went back to vectors that were in use before, which need no proof. Raises
        `Conflict`, and nothing is changed, when the new model finds too little.
        """
        target = await to_thread(self._begun, reader, collection, made_by)
        await self.fill(target, embed)
        if target.use == "former":
            await self.switch(reader, target, embed)
            return None
        recall = await self.recall(target, embed, old)
        await to_thread(self._note, target, recall)
        if not recall.enough:
            raise Conflict(
                f"The new embedding model finds {recall.after:.0%} of what it should: "
                "the collection keeps the one it has."
            )
        await self.switch(reader, target, embed)
        return recall

    def generations(self, reader: Reader, collection: str) -> list[Generation]:
        """Oldest first."""
        with self._db.reading() as db:
            return generations_of(db, access.writable(db, reader, collection))

    def sizes(self, reader: Reader, collection: str) -> list[tuple[Generation, int]]:
        """As `generations`, and how many passages each has a vector of."""
        with self._db.reading() as db:
            found = generations_of(db, access.writable(db, reader, collection))
            return [(generation, size_of(db, generation)) for generation in found]

    async def fill(self, target: Generation, embed: Embed) -> None:
        """Every passage has a vector in `target`, and there is an index of them."""
        while not await to_thread(self._prepared, target):
            after = 0
            while batch := await to_thread(self._lacking, target, after):
                found = await embed([text for _, text in batch])
                await to_thread(self._write, target, [row[0] for row in batch], found)
                after = batch[-1][0]

    async def switch(self, reader: Reader, target: Generation, embed: Embed) -> None:
        """Searches use `target` from now on; also the way back to the former generation.

        What they used until now is the former one; older ones are forgotten.
        """
        while not await to_thread(self._switched, reader, target):
            await self.fill(target, embed)  # documents came meanwhile

    async def recall(self, target: Generation, embed: Embed, old: Embed | None) -> Recall:
        """By questions that are the first words of some passages."""
        samples = await to_thread(self._samples, target)
        after = await self._recall(target, embed, samples)
        if old is None:
            return Recall(after)
        current = replace(
            target,
            number=target.collection.generation,
            made_by=Embedding(target.collection.embedder, target.collection.dimension),
        )
        return Recall(after, await self._recall(current, old, samples))

    def confirm(self, reader: Reader, collection: str) -> None:
        """Forgets the former generation: there is no way back any more."""
        with self._db.writing() as db:
            found = access.writable(db, reader, collection)
            gone = _forgotten(db, found)
        self._drop(found.number, gone)

    def _begun(self, reader: Reader, collection: str, made_by: Embedding) -> Generation:
        """The former generation, one that an earlier try left, or a new one."""
        with self._db.writing() as db:
            found = access.writable(db, reader, collection)
            others = [one for one in generations_of(db, found) if one.use != "current"]
            for generation in others:
                if generation.use == "coming" and generation.made_by != made_by:
                    remove_generation(db, found.number, generation.number)
            for generation in others:
                if generation.made_by == made_by:
                    return generation
            sql = "UPDATE collections SET newest = newest + 1 WHERE number = ? RETURNING newest"
            number = int(one_row(db, sql, (found.number,))[0])
            add_generation(db, found.number, number, made_by)
            return Generation(found, number, made_by)

    def _lacking(self, target: Generation, after: int) -> list[tuple[int, str]]:
        with self._db.reading() as db:
            return lacking(db, target, after, BATCH)

    def _write(self, target: Generation, ids: Sequence[int], found: Embedded) -> None:
        with self._db.writing() as db:
            write(db, target, ids, found)

    def _prepared(self, target: Generation) -> bool:
        """Builds the index, unless vectors are missing."""
        with self._db.reading() as db:
            if lacking(db, target, 0, 1):
                return False
            version = "SELECT version FROM collections WHERE number = ?"
            seen = one_row(db, version, (target.collection.number,))[0]
            stored = StoredCollection(db, replace(target.record, version=seen))
            self._nearest.of(target.key, target.made_by.dimension, lambda n: n.refresh(stored))
        self._nearest.settle()
        return True

    def _switched(self, reader: Reader, target: Generation) -> bool:
        with self._db.writing() as db:
            found = access.writable(db, reader, target.collection.id)
            if target.number == found.generation:
                return True
            if lacking(db, target, 0, 1):
                return False
            gone = _forgotten(db, found, target.number)
            begin_use(db, found.number, target.number, self._clock())
            touch(db, found.number)
        self._drop(found.number, {*gone, found.generation})
        return True

    def _note(self, target: Generation, recall: Recall) -> None:
        with self._db.writing() as db:
            sql = "UPDATE generations SET recall = ? WHERE collection = ? AND generation = ?"
            db.execute(sql, (recall.after, target.collection.number, target.number))

    def _samples(self, target: Generation) -> list[tuple[int, str]]:
        with self._db.reading() as db:
            found = all_rows(db, _SAMPLES, (target.collection.number, SAMPLES))
        return [(row, " ".join(text.split()[:_QUESTION_WORDS])) for row, text in found]

    async def _recall(
        self, generation: Generation, embed: Embed, samples: Sequence[tuple[int, str]]
    ) -> float:
        if not samples:
            return 1.0
        asked = await embed([text for _, text in samples])
        passage_rows.check_vectors(asked.vectors, len(samples), generation.made_by.dimension)
        return await to_thread(self._share_found, generation, samples, asked.vectors)

    def _share_found(
        self,
        generation: Generation,
        samples: Sequence[tuple[int, str]],
        vectors: Sequence[Vector],
    ) -> float:
        with self._db.reading() as db:
            check_there(db, generation)
            stored = StoredCollection(db, generation.record)
            dimension = generation.made_by.dimension
            nearest = self._nearest.of(generation.key, dimension, lambda n: n.refresh(stored))
        hits = 0
        for (row, _), vector in zip(samples, vectors, strict=True):
            hits += any(row == found for found, _ in nearest.search(vector, FOUND_AMONG))
        return hits / len(samples)

    def _drop(self, collection: int, generations: Collection[int]) -> None:
        self._nearest.drop(
            lambda key: key.collection == collection and key.generation in generations
        )


def _forgotten(
    db: apsw.Connection, collection: CollectionRecord, but: int | None = None
) -> set[int]:
    """The numbers of former generations, which are gone now; `but` this one."""
    gone = {
        one.number
        for one in generations_of(db, collection)
        if one.use == "former" and one.number != but
    }
    for number in gone:
        remove_generation(db, collection.number, number)
    return gone
