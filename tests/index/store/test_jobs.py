"""A document is found whole or not at all, once, and as it was last."""

import io

import numpy as np
import pytest

from index.errors import Conflict, Unknown, VectorsRefused
from index.store.records import Content, NewDocument, PageQuery
from index.store.store import Store
from tests.index.store.library import (
    ADMIN,
    DIMENSION,
    EMBEDDER,
    ME,
    OTHER,
    add,
    content,
    create,
    found_texts,
    new_document,
    passages,
    vectors,
)


def test_a_document_is_found_when_its_job_is_finished(store: Store) -> None:
    collection = create(store).id
    begun = store.jobs.begin(ME, collection, new_document(store, "a.txt", "x"))
    assert begun.work
    assert found_texts(store, collection, "fox") == []
    done = store.jobs.finish(begun.document.id, content(1, ["a fox", "a dog"]))
    assert (done.state, done.passages) == ("completed", 2)
    assert found_texts(store, collection, "fox") == ["a fox"]
    nearest = store.source(ME, collection).dense(vectors(1, 2)[1], 1)
    assert (
        store.source(ME, collection).passages([nearest[0][0]])[nearest[0][0]].passage.ordinal == 1
    )


def test_everything_of_a_passage_comes_back(store: Store) -> None:
    collection = create(store).id
    tokens = [np.full((3, DIMENSION), n - 1, np.int8) for n in range(2)]
    wanted = Content(
        passages(["one", "two"]), vectors(3, 2), EMBEDDER, tokens, "T", "text/plain", 4
    )
    begun = store.jobs.begin(ME, collection, new_document(store, "a.txt", "x"))
    done = store.jobs.finish(begun.document.id, wanted)
    assert (done.title, done.media_type, done.pages) == ("T", "text/plain", 4)
    source = store.source(ME, collection)
    kept = store.documents.passages(ME, collection, done.id)
    assert [row.passage for row in kept] == list(wanted.passages)
    ids = [row.id for row in kept]
    assert np.array_equal([source.vectors(ids)[row] for row in ids], wanted.vectors)
    assert np.array_equal([source.token_vectors(ids)[row] for row in ids], tokens)


def test_the_same_content_twice_is_one_document_and_no_work(store: Store) -> None:
    collection = create(store).id
    new = new_document(store, "a.txt", "x")
    first = store.jobs.begin(ME, collection, new)
    assert store.jobs.begin(ME, collection, new) == type(first)(first.document, False)
    store.jobs.finish(first.document.id, content(1, ["a fox"]))
    again = store.jobs.begin(ME, collection, new_document(store, "a.txt", "x"))
    assert (again.document.id, again.work) == (first.document.id, False)
    assert found_texts(store, collection, "fox") == ["a fox"]


def test_changed_attributes_of_the_same_content_take_no_work(store: Store) -> None:
    collection = create(store).id
    done = add(store, collection, "a.txt", ["a fox"])
    begun = store.jobs.begin(ME, collection, NewDocument(done.file, "a.txt", done.sha256, {"y": 1}))
    assert not begun.work
    assert begun.document.attributes == {"y": 1}


def test_a_changed_file_replaces_its_passages_when_it_is_finished(store: Store) -> None:
    collection = create(store).id
    add(store, collection, "a.txt", ["an old fox"])
    begun = store.jobs.begin(ME, collection, new_document(store, "a.txt", "newer"))
    assert found_texts(store, collection, "fox") == ["an old fox"]
    store.jobs.finish(begun.document.id, content(2, ["a new fox", "another fox"]))
    assert sorted(found_texts(store, collection, "fox")) == ["a new fox", "another fox"]
    assert [d.id for d in store.documents.page(ME, collection, PageQuery()).items] == [
        begun.document.id
    ]
    assert store.source(ME, collection).size == 2


def test_a_failed_change_leaves_what_was_there(store: Store) -> None:
    collection = create(store).id
    add(store, collection, "a.txt", ["an old fox"])
    job = store.jobs.begin(ME, collection, new_document(store, "a.txt", "newer")).document
    store.jobs.fail(job.id, "damaged", "It cannot be read.")
    failed = store.documents.get(ME, collection, job.id)
    assert (failed.state, failed.error_code) == ("failed", "damaged")
    assert found_texts(store, collection, "fox") == ["an old fox"]
    again = store.jobs.begin(ME, collection, new_document(store, "a.txt", "newer"))
    assert again.work


def test_the_newer_of_two_jobs_on_a_document_wins(store: Store) -> None:
    collection = create(store).id
    old = store.jobs.begin(ME, collection, new_document(store, "a.txt", "1")).document
    new = store.jobs.begin(ME, collection, new_document(store, "a.txt", "2")).document
    with pytest.raises(Conflict, match="cancelled"):
        store.jobs.progress(old.id, "reading", 1, 2)
    store.jobs.finish(new.id, content(2, ["a new fox"]))
    with pytest.raises(Unknown):
        store.jobs.finish(old.id, content(1, ["an old fox"]))
    assert found_texts(store, collection, "fox") == ["a new fox"]


def test_going_back_to_the_old_content_cancels_the_change(store: Store) -> None:
    collection = create(store).id
    done = add(store, collection, "a.txt", ["an old fox"])
    change = store.jobs.begin(ME, collection, new_document(store, "a.txt", "newer")).document
    back = store.jobs.begin(ME, collection, NewDocument(done.file, "a.txt", done.sha256))
    assert (back.work, back.document.id) == (False, done.id)
    with pytest.raises(Conflict):
        store.jobs.finish(change.id, content(1, ["a new fox"]))


def test_a_cancelled_job_cannot_be_finished(store: Store) -> None:
    collection = create(store).id
    job = store.jobs.begin(ME, collection, new_document(store, "a.txt", "x")).document
    assert store.jobs.cancel(ME, collection, job.id).state == "cancelled"
    with pytest.raises(Conflict):
        store.jobs.finish(job.id, content(1, ["a fox"]))
    assert found_texts(store, collection, "fox") == []


def test_only_who_may_write_cancels_a_job_of_this_collection(store: Store) -> None:
    collection, elsewhere = create(store).id, create(store, OTHER).id
    job = store.jobs.begin(ME, collection, new_document(store, "a.txt", "x")).document
    with pytest.raises(Unknown):
        store.jobs.cancel(OTHER, collection, job.id)
    with pytest.raises(Unknown):
        store.jobs.cancel(OTHER, elsewhere, job.id)
    assert store.jobs.cancel(ADMIN, collection, job.id).state == "cancelled"


def test_unfinished_jobs_are_told_in_order_with_their_progress(store: Store) -> None:
    collection = create(store).id
    names = ["a", "b", "c"]
    jobs = [store.jobs.begin(ME, collection, new_document(store, n, n)).document for n in names]
    store.jobs.finish(jobs[1].id, content(1, ["a fox"]))
    store.jobs.progress(jobs[2].id, "embedding", 3, 9)
    left = store.jobs.unfinished()
    assert [job.name for job in left] == ["a", "c"]
    assert (left[1].stage, left[1].done, left[1].total) == ("embedding", 3, 9)


def test_a_deleted_document_is_gone_at_once_and_its_job_finds_it_gone(store: Store) -> None:
    collection = create(store).id
    done = add(store, collection, "a.txt", ["a fox"], seed=1)
    source = store.source(ME, collection)
    job = store.jobs.begin(ME, collection, new_document(store, "b.txt", "x")).document
    store.documents.delete(ME, collection, done.id)
    store.documents.delete(ME, collection, job.id)
    assert found_texts(store, collection, "fox") == []
    assert store.source(ME, collection).dense(vectors(1, 1)[0], 5) == []
    assert source.passages([row for row, _ in source.dense(vectors(1, 1)[0], 5)]) == {}
    with pytest.raises(Unknown):
        store.jobs.finish(job.id, content(1, ["a fox"]))


def test_a_deleted_file_takes_its_documents_along(store: Store) -> None:
    collection = create(store).id
    done = add(store, collection, "a.txt", ["a fox"])
    store.files.delete(ME, done.file)
    assert found_texts(store, collection, "fox") == []
    with pytest.raises(Unknown):
        store.documents.get(ME, collection, done.id)


BAD = {
    "too few": lambda good: good[:1],
    "too short": lambda good: [good[0], good[1][:-1]],
    "not a number": lambda good: [good[0], np.full(DIMENSION, np.nan, np.float32)],
    "infinite": lambda good: [good[0], np.full(DIMENSION, np.inf, np.float32)],
    "zero": lambda good: [good[0], np.zeros(DIMENSION, np.float32)],
    "not of length 1": lambda good: [good[0], 2 * good[1]],
}


@pytest.mark.parametrize("how", BAD)
def test_what_is_no_vector_of_the_collection_is_not_stored(store: Store, how: str) -> None:
    collection = create(store).id
    job = store.jobs.begin(ME, collection, new_document(store, "a.txt", "x")).document
    bad = BAD[how](vectors(1, 2))
    with pytest.raises(VectorsRefused):
        store.jobs.finish(job.id, Content(passages(["a fox", "a dog"]), bad, EMBEDDER))
    assert store.documents.get(ME, collection, job.id).state == "in_progress"
    assert found_texts(store, collection, "fox") == []
    assert store.jobs.finish(job.id, content(1, ["a fox"])).state == "completed"


def test_token_vectors_of_another_shape_are_not_stored(store: Store) -> None:
    collection = create(store).id
    job = store.jobs.begin(ME, collection, new_document(store, "a.txt", "x")).document
    tokens = [np.zeros((2, DIMENSION + 1), np.int8)]
    with pytest.raises(VectorsRefused, match="int8"):
        store.jobs.finish(job.id, Content(passages(["a"]), vectors(1, 1), EMBEDDER, tokens))


def test_vectors_of_another_embedder_are_asked_for_again(store: Store) -> None:
    collection = create(store).id
    job = store.jobs.begin(ME, collection, new_document(store, "a.txt", "x")).document
    with pytest.raises(Conflict, match="again"):
        store.jobs.finish(job.id, Content(passages(["a"]), vectors(1, 1), "yesterday's"))


def test_every_change_that_can_be_seen_raises_the_version(store: Store) -> None:
    collection = create(store).id
    seen = [store.collections.get(ME, collection).version]

    def rises() -> bool:
        seen.append(store.collections.get(ME, collection).version)
        return seen[-1] > seen[-2]

    done = add(store, collection, "a.txt", ["a fox"])
    assert rises()
    store.documents.set_attributes(ME, collection, done.id, {"year": 2024})
    assert rises()
    store.documents.delete(ME, collection, done.id)
    assert rises()


def test_a_document_without_passages_is_completed(store: Store) -> None:
    collection = create(store).id
    assert add(store, collection, "empty.zip", []).state == "completed"
    assert store.source(ME, collection).size == 0


def test_documents_are_paged_and_found_by_state(store: Store) -> None:
    collection = create(store).id
    made = [add(store, collection, f"{n}.txt", ["a fox"], seed=n).id for n in range(7)]
    store.jobs.begin(ME, collection, new_document(store, "late.txt", "x"))
    query = PageQuery(limit=3, order="asc")
    page = store.documents.page(ME, collection, query, "completed")
    assert ([item.id for item in page.items], page.has_more) == (made[:3], True)
    page = store.documents.page(ME, collection, PageQuery(3, "asc", made[5]), "completed")
    assert ([item.id for item in page.items], page.has_more) == (made[6:], False)
    assert len(store.documents.page(ME, collection, query, "in_progress").items) == 1
    counts = store.collections.counts(ME, collection)
    assert (counts.completed, counts.in_progress, counts.passages) == (7, 1, 7)


def test_the_original_of_a_document_is_there_for_its_readers(store: Store) -> None:
    collection = create(store).id
    store.collections.share(ME, collection, OTHER.tenant)
    file = store.files.add(ME, "a.txt", io.BytesIO(b"bytes as they came"))
    job = store.jobs.begin(ME, collection, NewDocument(file.id, "a.txt", file.sha256)).document
    assert store.documents.original(OTHER, collection, job.id).read_bytes() == b"bytes as they came"
    with pytest.raises(Unknown):
        store.files.original(OTHER, file.id)
