"""Another embedding model: answers all the time, better ones afterwards, and a way back."""

import hashlib
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from index.documents import Vector
from index.errors import Conflict, Forbidden, Unknown, VectorsRefused
from index.store.collections import Embedding
from index.store.generations import Embedded
from index.store.records import Content
from index.store.store import Store
from tests.index.store.library import (
    EMBEDDER,
    ME,
    OTHER,
    add,
    create,
    found_texts,
    new_document,
    passages,
    vectors,
)

COUNTER = count()
NEW = Embedding("larger", 32)
TEXTS = [f"passage number{n} about topic{n} and nothing{n} else" for n in range(70)]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "library", few=30)
    yield made
    made.close()


def embedded(text: str, dimension: int = 32) -> Vector:
    """The same words, the same direction."""
    found = np.zeros(dimension, np.float32)
    for word in text.split():
        seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:4])
        found += np.random.default_rng(seed).standard_normal(dimension).astype(np.float32)
    return np.asarray(found / np.linalg.norm(found), np.float32)


async def larger(texts: list[str]) -> Embedded:
    tokens = [np.ones((2, 32), np.int8) for _ in texts]
    return Embedded([embedded(text) for text in texts], tokens)


async def blind(texts: list[str]) -> Embedded:
    """A model that never says the same of a text twice."""
    return Embedded([embedded(f"{next(COUNTER)}") for _ in texts])


async def constant(texts: list[str]) -> Embedded:
    return Embedded([embedded("same") for _ in texts])


async def broken(texts: list[str]) -> Embedded:
    return Embedded([np.full(32, np.nan, np.float32) for _ in texts])


def nearest(store: Store, collection: str, vector: Vector) -> str:
    source = store.source(ME, collection)
    [(row, _)] = source.dense(vector, 1)
    return source.passages([row])[row].passage.text


async def test_the_new_model_answers_afterwards(store: Store) -> None:
    collection = create(store).id
    add(store, collection, "a.txt", TEXTS)
    recall = await store.reindexing.replace(ME, collection, NEW, larger)
    assert recall.after == 1.0
    record = store.collections.get(ME, collection)
    assert (record.embedder, record.dimension) == ("larger", 32)
    assert nearest(store, collection, embedded(TEXTS[40])) == TEXTS[40]
    source = store.source(ME, collection)
    row = source.lexical(["number7"], 1)[0][0]
    assert source.vectors([row])[row].shape == (32,)
    assert source.token_vectors([row])[row].shape == (2, 32)
    assert found_texts(store, collection, "number7") == [TEXTS[7]]


async def test_the_old_model_answers_until_then_and_what_changes_meanwhile_counts(
    store: Store,
) -> None:
    collection = create(store).id
    first = add(store, collection, "a.txt", TEXTS, seed=1)
    gone = add(store, collection, "b.txt", ["goes away"], seed=2)
    asked = 0

    async def watched(texts: list[str]) -> Embedded:
        nonlocal asked
        asked += 1
        if asked == 1:
            store.documents.delete(ME, collection, gone.id)
            add(store, collection, "c.txt", ["came meanwhile"], seed=3)
        assert nearest(store, collection, vectors(1, 70)[5]) == TEXTS[5]
        return await larger(texts)

    target = store.reindexing._begun(ME, collection, NEW)
    await store.reindexing.fill(target, watched)
    add(store, collection, "d.txt", ["came last"], seed=4)
    await store.reindexing.switch(ME, target, watched)
    assert asked > 3
    assert nearest(store, collection, embedded("came meanwhile")) == "came meanwhile"
    assert nearest(store, collection, embedded("came last")) == "came last"
    assert store.source(ME, collection).size == first.passages + 2


@pytest.mark.parametrize("model", [blind, constant])
async def test_a_model_that_finds_too_little_changes_nothing(store: Store, model: object) -> None:
    collection = create(store).id
    add(store, collection, "a.txt", TEXTS, seed=1)
    with pytest.raises(Conflict, match="keeps the one it has"):
        await store.reindexing.replace(ME, collection, NEW, model)  # type: ignore[arg-type]
    assert store.collections.get(ME, collection).embedder == EMBEDDER
    assert nearest(store, collection, vectors(1, 70)[5]) == TEXTS[5]


async def test_it_is_compared_with_the_old_model_where_that_is_there(store: Store) -> None:
    collection = create(store).id
    add(store, collection, "a.txt", TEXTS, seed=1)

    async def old(texts: list[str]) -> Embedded:
        return Embedded([vectors(9, 1)[0] for _ in texts])  # finds next to nothing

    recall = await store.reindexing.replace(ME, collection, NEW, larger, old)
    assert recall.before is not None
    assert recall.before < recall.after == 1.0


async def test_vectors_that_are_none_end_it_and_it_goes_on_later(store: Store) -> None:
    collection = create(store).id
    add(store, collection, "a.txt", TEXTS, seed=1)
    calls = 0

    async def dies(texts: list[str]) -> Embedded:
        nonlocal calls
        calls += 1
        return await (larger(texts) if calls == 1 else broken(texts))

    with pytest.raises(VectorsRefused):
        await store.reindexing.replace(ME, collection, NEW, dies)
    assert nearest(store, collection, vectors(1, 70)[5]) == TEXTS[5]
    asked = 0

    async def counted(texts: list[str]) -> Embedded:
        nonlocal asked
        asked += len(texts)
        return await larger(texts)

    target = store.reindexing._begun(ME, collection, NEW)
    await store.reindexing.fill(target, counted)
    assert asked == 70 - 32


async def test_there_is_a_way_back_until_it_is_confirmed(store: Store) -> None:
    collection = create(store).id
    add(store, collection, "a.txt", TEXTS, seed=1)
    await store.reindexing.replace(ME, collection, NEW, larger)
    job = store.jobs.begin(ME, collection, new_document(store, "b.txt", "x")).document
    late = Content(passages(["late"]), [embedded("late")], "larger")
    store.jobs.finish(job.id, late)
    old, new = store.reindexing.generations(ME, collection)
    assert (old.current, new.current) == (False, True)

    async def small(texts: list[str]) -> Embedded:
        return Embedded(vectors(5, len(texts)))

    await store.reindexing.switch(ME, old, small)
    assert store.collections.get(ME, collection).embedder == EMBEDDER
    assert nearest(store, collection, vectors(1, 70)[5]) == TEXTS[5]
    assert nearest(store, collection, vectors(5, 1)[0]) == "late"
    store.reindexing.confirm(ME, collection)
    [left] = store.reindexing.generations(ME, collection)
    assert left.current


async def test_jobs_with_vectors_of_the_old_model_are_done_again(store: Store) -> None:
    collection = create(store).id
    add(store, collection, "a.txt", TEXTS, seed=1)
    job = store.jobs.begin(ME, collection, new_document(store, "b.txt", "x")).document
    await store.reindexing.replace(ME, collection, NEW, larger)
    with pytest.raises(Conflict, match="again"):
        store.jobs.finish(job.id, Content(passages(["b"]), vectors(1, 1), EMBEDDER))


async def test_only_who_may_write_changes_the_model(store: Store) -> None:
    collection = create(store).id
    with pytest.raises(Unknown):
        await store.reindexing.replace(OTHER, collection, NEW, larger)
    store.collections.share(ME, collection, OTHER.tenant)
    with pytest.raises(Forbidden):
        await store.reindexing.replace(OTHER, collection, NEW, larger)
    with pytest.raises(Forbidden):
        store.reindexing.confirm(OTHER, collection)


async def test_an_empty_collection_changes_at_once(store: Store) -> None:
    collection = create(store).id
    await store.reindexing.replace(ME, collection, NEW, larger)
    assert store.collections.get(ME, collection).dimension == 32
