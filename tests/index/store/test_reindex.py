"""Another embedding model: answers all the time, better ones afterwards, and a way back."""

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
from index.store.tables import MIGRATIONS
from models.sqlite_file import opened
from tests.index.store.library import (
    DIMENSION,
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
from tests.index.store.same_words import embed_with
from tests.index.store.same_words import same_words as embedded

COUNTER = count()
NEW, larger = Embedding("larger", 32), embed_with(32)
TEXTS = [f"passage number{n} about topic{n} and nothing{n} else" for n in range(70)]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "library", few=30)
    yield made
    made.close()


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
    assert recall is not None
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
    assert recall is not None
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
    assert (old.use, new.use) == ("former", "current")

    async def small(texts: list[str]) -> Embedded:
        return Embedded(vectors(5, len(texts)))

    await store.reindexing.switch(ME, old, small)
    assert store.collections.get(ME, collection).embedder == EMBEDDER
    assert nearest(store, collection, vectors(1, 70)[5]) == TEXTS[5]
    assert nearest(store, collection, vectors(5, 1)[0]) == "late"
    store.reindexing.confirm(ME, collection)
    [left] = store.reindexing.generations(ME, collection)
    assert left.use == "current"


async def test_going_back_embeds_only_what_came_meanwhile_and_proves_nothing(store: Store) -> None:
    collection = create(store).id
    add(store, collection, "a.txt", TEXTS, seed=1)
    await store.reindexing.replace(ME, collection, NEW, larger)
    job = store.jobs.begin(ME, collection, new_document(store, "b.txt", "x")).document
    store.jobs.finish(job.id, Content(passages(["late"]), [embedded("late")], "larger"))
    asked: list[str] = []

    async def small(texts: list[str]) -> Embedded:
        asked.extend(texts)
        return Embedded(vectors(5, len(texts)))

    small_again = Embedding(EMBEDDER, DIMENSION)
    assert await store.reindexing.replace(ME, collection, small_again, small) is None
    assert asked == ["late"]
    assert store.collections.get(ME, collection).embedder == EMBEDDER
    assert await store.reindexing.replace(ME, collection, NEW, larger) is None
    assert nearest(store, collection, embedded("late")) == "late"


async def test_of_former_models_the_last_is_kept(store: Store) -> None:
    collection = create(store).id
    add(store, collection, "a.txt", TEXTS, seed=1)
    await store.reindexing.replace(ME, collection, NEW, larger)
    await store.reindexing.replace(ME, collection, Embedding("third", 8), embed_with(8))
    kept = store.reindexing.generations(ME, collection)
    assert [(one.made_by.embedder, one.use) for one in kept] == [
        ("larger", "former"), ("third", "current")
    ]  # fmt: skip


async def test_what_is_told_of_vectors_is_when_and_how_well_they_took_over(store: Store) -> None:
    collection = create(store).id
    add(store, collection, "a.txt", TEXTS, seed=1)
    with pytest.raises(Conflict):
        await store.reindexing.replace(ME, collection, NEW, constant)
    [(first, _), (refused, size)] = store.reindexing.sizes(ME, collection)
    assert first.since is not None
    assert (refused.use, refused.since, size) == ("coming", None, 70)
    assert refused.recall is not None
    assert refused.recall < 0.5
    store.reindexing.confirm(ME, collection)  # there is no former one to forget
    assert len(store.reindexing.generations(ME, collection)) == 2
    await store.reindexing.replace(ME, collection, Embedding("third", 8), embed_with(8))
    [_, third] = store.reindexing.generations(ME, collection)
    assert (third.recall, third.since is not None) == (1.0, True)


def test_vectors_of_libraries_before_this_was_told_are_in_use(
    tmp_path: Path,
) -> None:
    old = opened(tmp_path / "library.db", MIGRATIONS[:1])
    old.execute(
        "INSERT INTO collections (id, owner, name, created_at, metadata, settings) "
        "VALUES ('vs_1', 'me', 'old', 7.0, '{}', '{}')"
    )
    old.execute("INSERT INTO generations VALUES (1, 1, 'small', 16)")
    old.close()
    store = Store(tmp_path)
    [only] = store.reindexing.generations(ME, "vs_1")
    assert (only.use, only.since, only.recall) == ("current", 7.0, None)
    store.close()


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
