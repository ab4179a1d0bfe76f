"""Everybody sees what is theirs or was shared with them, and nothing tells of the rest."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from index.errors import Forbidden, InvalidQuery, Unknown
from index.store.collections import Changes
from index.store.records import NewDocument, PageQuery, Reader
from index.store.store import Store
from tests.index.store.library import ADMIN, ME, OTHER, add, content, create, new_document

TENANTS = ("ann", "bob", "cyd")
WHO = st.sampled_from([*(Reader(name) for name in TENANTS), Reader("root", admin=True)])


class Sharing(RuleBasedStateMachine):
    """Random sharing against a dictionary that says who may do what."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.store = Store(Path(self.folder.name) / "library")
        self.owner: dict[str, str] = {}
        self.shared: dict[str, set[str]] = {}

    def reads(self, who: Reader, collection: str) -> bool:
        return self.writes(who, collection) or who.tenant in self.shared.get(collection, ())

    def writes(self, who: Reader, collection: str) -> bool:
        return collection in self.owner and (who.admin or self.owner[collection] == who.tenant)

    def tried(self, who: Reader, collection: str, change: Callable[[], object]) -> bool:
        """Whether the change was allowed, which must be as it should be."""
        if self.writes(who, collection):
            change()
            return True
        with pytest.raises(Forbidden if self.reads(who, collection) else Unknown):
            change()
        return False

    @rule(who=WHO)
    def create(self, who: Reader) -> None:
        made = create(self.store, who).id
        self.owner[made], self.shared[made] = who.tenant, set()

    @rule(who=WHO, tenant=st.sampled_from(TENANTS), data=st.data())
    def share(self, who: Reader, tenant: str, data: st.DataObject) -> None:
        if collection := self.some(data):
            share = self.store.collections.share
            if self.tried(who, collection, lambda: share(who, collection, tenant)):
                self.shared[collection].add(tenant)

    @rule(who=WHO, tenant=st.sampled_from(TENANTS), data=st.data())
    def unshare(self, who: Reader, tenant: str, data: st.DataObject) -> None:
        if collection := self.some(data):
            unshare = self.store.collections.unshare
            if self.tried(who, collection, lambda: unshare(who, collection, tenant)):
                self.shared[collection].discard(tenant)

    @rule(who=WHO, data=st.data())
    def rename(self, who: Reader, data: st.DataObject) -> None:
        if collection := self.some(data):
            change = self.store.collections.change
            self.tried(who, collection, lambda: change(who, collection, Changes(name="new")))

    @rule(who=WHO, data=st.data())
    def delete(self, who: Reader, data: st.DataObject) -> None:
        if collection := self.some(data):
            delete = self.store.collections.delete
            if self.tried(who, collection, lambda: delete(who, collection)):
                del self.owner[collection], self.shared[collection]

    def some(self, data: st.DataObject) -> str | None:
        """In the order of their making: ids are random, and the same draw must mean the same."""
        return data.draw(st.sampled_from(list(self.owner))) if self.owner else None

    @invariant()
    def everybody_sees_what_they_may(self) -> None:
        for who in (*(Reader(name) for name in TENANTS), Reader("root", admin=True)):
            page = self.store.collections.page(who, PageQuery(limit=100))
            seen = {collection.id for collection in page.items}
            assert seen == {name for name in self.owner if self.reads(who, name)}
            for name in self.owner:
                assert self.opens(who, name) == self.reads(who, name)

    def opens(self, who: Reader, collection: str) -> bool:
        try:
            self.store.source(who, collection)
        except Unknown:
            return False
        return True

    def teardown(self) -> None:
        self.store.close()
        self.folder.cleanup()


TestSharing = Sharing.TestCase
TestSharing.settings = settings(max_examples=15, stateful_step_count=15, deadline=None)


def test_a_foreign_document_is_unknown_on_every_way(store: Store) -> None:
    collection = create(store).id
    done = add(store, collection, "a.txt", ["a fox"])
    mine, theirs = store.documents, create(store, OTHER).id
    foreign = new_document(store, "x", "x")
    tries = [
        lambda c: mine.get(OTHER, c, done.id),
        lambda c: mine.passages(OTHER, c, done.id),
        lambda c: mine.original(OTHER, c, done.id),
        lambda c: mine.delete(OTHER, c, done.id),
        lambda c: mine.set_attributes(OTHER, c, done.id, {}),
        lambda c: mine.page(OTHER, c, PageQuery(after=done.id)),
        lambda c: store.jobs.cancel(OTHER, c, done.id),
        lambda c: store.jobs.begin(OTHER, c, foreign),
    ]
    for attempt in tries:
        for where in (collection, theirs, "vs_guess", "", "\ud800", "x" * 10_000, "a\0b", "' OR 1"):
            with pytest.raises((Unknown, InvalidQuery)):
                attempt(where)
    assert store.documents.get(ME, collection, done.id) == done


def test_a_foreign_file_is_unknown_on_every_way(store: Store) -> None:
    new = new_document(store, "a.txt", "x")
    theirs = create(store, OTHER).id
    tries = [
        lambda: store.files.get(OTHER, new.file),
        lambda: store.files.original(OTHER, new.file),
        lambda: store.files.delete(OTHER, new.file),
        lambda: store.jobs.begin(OTHER, theirs, NewDocument(new.file, "a.txt", new.sha256)),
    ]
    for attempt in tries:
        with pytest.raises(Unknown):
            attempt()
    assert store.files.page(OTHER, PageQuery()).items == ()
    assert store.files.get(ADMIN, new.file).tenant == ME.tenant


def test_words_of_another_collection_do_not_change_a_ranking(store: Store) -> None:
    """Statistics of foreign texts would tell how often a word is in them."""
    collection, theirs = create(store).id, create(store, OTHER).id
    add(store, collection, "a.txt", ["a secret fox", "a dog", "a cat"])
    before = store.source(ME, collection).lexical(["secret", "fox", "dog"], 10)
    file = new_document(store, "b.txt", "x", OTHER)
    job = store.jobs.begin(OTHER, theirs, file).document
    store.jobs.finish(job.id, content(1, ["secret secret secret"] * 20))
    assert store.source(ME, collection).lexical(["secret", "fox", "dog"], 10) == before


def test_who_was_shared_with_reads_and_no_more(store: Store) -> None:
    collection = create(store).id
    done = add(store, collection, "a.txt", ["a fox"])
    store.collections.share(ME, collection, OTHER.tenant)
    assert store.documents.get(OTHER, collection, done.id) == done
    assert len(store.source(OTHER, collection).lexical(["fox"], 5)) == 1
    for attempt in (
        lambda: store.documents.delete(OTHER, collection, done.id),
        lambda: store.collections.share(OTHER, collection, "a friend"),
        lambda: store.jobs.cancel(OTHER, collection, done.id),
    ):
        with pytest.raises(Forbidden):
            attempt()
    assert store.collections.get(ME, collection).readers == (OTHER.tenant,)


def test_a_deleted_collection_is_gone_with_all_that_was_in_it(store: Store) -> None:
    collection = create(store).id
    done = add(store, collection, "a.txt", ["a fox"])
    job = store.jobs.begin(ME, collection, new_document(store, "b", "b")).document
    store.collections.delete(ME, collection)
    for attempt in (
        lambda: store.source(ME, collection),
        lambda: store.documents.get(ME, collection, done.id),
        lambda: store.jobs.finish(job.id, content(1, ["x"])),
        lambda: store.collections.delete(ME, collection),
    ):
        with pytest.raises(Unknown):
            attempt()
    assert store.files.get(ME, done.file).name == "a.txt"


def test_an_expired_collection_is_removed(tmp_path: Path) -> None:
    now = [1000.0]
    store = Store(tmp_path / "library", clock=lambda: now[0])
    short, long = create(store).id, create(store).id
    store.collections.change(ME, short, Changes(expires_at=2000.0))
    assert store.collections.delete_expired() == []
    now[0] = 2000.0
    assert store.collections.delete_expired() == [short]
    assert [c.id for c in store.collections.page(ME, PageQuery()).items] == [long]
    store.close()
