"""Words find what FTS5 would find, ranked as it would."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.store import fulltext
from index.store.records import PageQuery
from index.store.store import Store
from tests.index.store.library import ME, add, content, create, found_texts, new_document

WORD = st.sampled_from(["fox", "foxes", "dog", "running", "runs", "état", "x1", "the"])
TEXT = st.lists(WORD, min_size=1, max_size=12).map(" ".join)


def by_fts5(texts: Sequence[str], words: Sequence[str]) -> list[tuple[int, float]]:
    db = apsw.Connection(":memory:")
    db.execute(
        "CREATE VIRTUAL TABLE words USING "
        "fts5(text, tokenize='porter unicode61 remove_diacritics 2')"
    )
    db.executemany("INSERT INTO words VALUES (?)", [(text,) for text in texts])
    stems = dict.fromkeys(w.replace("foxes", "fox").replace("runs", "running") for w in words)
    found = db.execute("SELECT rowid, -rank FROM words WHERE words MATCH ?", (" OR ".join(stems),))
    return [(int(row), float(score)) for row, score in found]


@settings(max_examples=40)
@given(st.lists(TEXT, min_size=1, max_size=20), st.lists(WORD, min_size=1, max_size=5))
def test_scores_are_those_of_fts5(texts: list[str], words: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        collection = create(store).id
        add(store, collection, "a.txt", texts)
        source = store.source(ME, collection)
        found = dict(source.lexical(words, 100))
        first = min(source.passages(range(1, 100)), default=1)
        store.close()
    for row, score in by_fts5(texts, words):
        assert found[row + first - 1] == pytest.approx(score, abs=1e-4)


QUERIES = [
    '"',
    "a OR b",
    "NEAR(fox)",
    "fox*",
    "-fox",
    "text:fox",
    "(",
    "fox\0dog",
    "\ud800",
    "",
    "'",
]


@pytest.mark.parametrize("query", QUERIES)
def test_a_question_is_words_and_no_syntax(store: Store, query: str) -> None:
    collection = create(store).id
    add(store, collection, "a.txt", ["a fox", "a dog", "a cat"])
    found = store.source(ME, collection).lexical([query], 10)
    assert (len(found) > 0) == ("fox" in query or query == "a OR b")


def test_accents_case_and_endings_do_not_matter(store: Store) -> None:
    collection = create(store).id
    add(store, collection, "a.txt", ["L'État et ses lois", "Dogs were running", "nothing else"])
    assert found_texts(store, collection, "etat") == ["L'État et ses lois"]
    assert found_texts(store, collection, "RUNS") == ["Dogs were running"]


def test_headings_are_found_too(store: Store) -> None:
    collection = create(store).id
    plain = content(1, ["the first step", "the second step"])
    under = [replace(passage, headings=("Fire drill",)) for passage in plain.passages]
    job = store.jobs.begin(ME, collection, new_document(store, "a", "a")).document
    store.jobs.finish(job.id, replace(plain, passages=under))
    assert len(store.source(ME, collection).lexical(["drill"], 10)) == 2


def test_new_and_deleted_passages_count_at_once(store: Store) -> None:
    collection = create(store).id
    for n in range(8):
        add(store, collection, f"{n}.txt", [f"fox {n}", "a dog"], seed=n)
        assert len(found_texts(store, collection, "fox")) == n + 1
    for n in range(8):
        document = store.documents.page(ME, collection, PageQuery(limit=1)).items[0]
        store.documents.delete(ME, collection, document.id)
        assert len(found_texts(store, collection, "fox")) == 7 - n


def test_only_chosen_documents_are_found(store: Store) -> None:
    collection = create(store).id
    made = [add(store, collection, f"{n}.txt", ["a fox"] * 3, seed=n) for n in range(4)]
    source = store.source(ME, collection)
    found = source.passages([row for row, _ in source.lexical(["fox"], 5, {made[2].id})])
    assert {passage.document for passage in found.values()} == {made[2].id}
    assert len(found) == 3
    assert source.lexical(["fox"], 5, set()) == []


def test_common_words_are_left_out_when_rarer_ones_are_many(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fulltext, "MOST_POSTINGS", 5)
    collection = create(store).id
    add(store, collection, "a.txt", ["rare fox", *["fox"] * 9, *["dog"] * 20])
    assert found_texts(store, collection, "rare", "fox") == ["rare fox"]
    assert len(found_texts(store, collection, "fox")) == 10
