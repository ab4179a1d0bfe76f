"""Whatever happened to the index on the disk: nothing crashes, and results are the right ones."""

import shutil
import threading
from pathlib import Path

import numpy as np
import pytest

from index.filters import parse
from index.store.records import NewDocument, PageQuery
from index.store.store import Store
from tests.index.store.library import ME, add, content, create, found_texts, new_document, vectors

FEW = 50
DOCUMENTS = 12
IN_ONE = 25


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A closed library whose collection has a graph on the disk."""
    store = Store(tmp_path / "library", few=FEW)
    collection = create(store).id
    for n in range(DOCUMENTS):
        add(store, collection, f"{n}.txt", [f"doc{n} part{p}" for p in range(IN_ONE)], seed=n)
    store.source(ME, collection)
    store.settle()
    store.close()
    assert len(graphs(tmp_path / "library")) == 1
    return tmp_path / "library"


def graphs(library: Path) -> list[Path]:
    return sorted((library / "graphs").glob("*.hnsw"))


def is_right(library: Path, documents: set[int] | None = None) -> bool:
    """Opens the library as a new process would: every vector finds its own passage first."""
    store = Store(library, few=FEW)
    collection = store.collections.page(ME, PageQuery()).items[0].id
    source = store.source(ME, collection)
    expected = range(DOCUMENTS) if documents is None else sorted(documents)
    shown = []
    for n in expected:
        [(row, score)] = source.dense(vectors(n, IN_ONE)[7], 1)
        shown.append((source.passages([row])[row].passage.text, score > 0.999))
    store.settle()
    store.close()
    right = shown == [(f"doc{n} part7", True) for n in expected]
    return right and source.size == IN_ONE * len(expected)


def test_an_intact_index_is_used(library: Path) -> None:
    before = [(path.name, path.stat().st_mtime_ns) for path in graphs(library)]
    assert is_right(library)
    assert [(path.name, path.stat().st_mtime_ns) for path in graphs(library)] == before


def test_a_cut_or_changed_byte_at_every_4_kib_costs_no_answer(library: Path) -> None:
    [path] = graphs(library)
    whole = path.read_bytes()
    for place in range(0, len(whole), 4096):
        path.write_bytes(whole[:place])
        assert is_right(library)
        flipped = bytearray(whole)
        flipped[place] ^= 0x80
        graphs(library)[0].write_bytes(flipped)
        assert is_right(library)
        assert len(graphs(library)) == 1


def test_without_an_index_it_is_built_again(library: Path) -> None:
    shutil.rmtree(library / "graphs")
    assert is_right(library)
    assert len(graphs(library)) == 1


def test_an_old_index_gets_what_it_lacks_and_loses_what_is_gone(library: Path) -> None:
    shutil.copytree(library / "graphs", library / "old")
    store = Store(library, few=FEW)
    collection = store.collections.page(ME, PageQuery()).items[0].id
    for document in store.documents.page(ME, collection, PageQuery(limit=100)).items:
        if document.name in ("0.txt", "5.txt"):
            store.documents.delete(ME, collection, document.id)
    add(store, collection, "5.txt", [f"doc5 part{p}" for p in range(IN_ONE)], seed=5)
    store.close()
    shutil.rmtree(library / "graphs")
    (library / "old").rename(library / "graphs")
    assert is_right(library, set(range(1, DOCUMENTS)))


def test_an_index_of_another_library_is_not_believed(library: Path, tmp_path: Path) -> None:
    """Its passages have the same ids, and other vectors: only the hash of a file is checked, so
    the folder must be its own. What the database does not know is never shown.
    """
    store = Store(tmp_path / "other", few=FEW)
    collection = create(store).id
    add(store, collection, "a.txt", ["alone"], seed=99)
    store.close()
    shutil.rmtree(tmp_path / "other" / "graphs")
    shutil.copytree(library / "graphs", tmp_path / "other" / "graphs")
    store = Store(tmp_path / "other", few=FEW)
    found = store.source(ME, collection).dense(vectors(3, IN_ONE)[3], 50)
    assert len(found) == 1
    store.close()


def test_a_disk_that_takes_no_index_costs_no_answer(library: Path) -> None:
    shutil.rmtree(library / "graphs")
    store = Store(library, few=FEW)
    shutil.rmtree(library / "graphs")
    collection = store.collections.page(ME, PageQuery()).items[0].id
    store.source(ME, collection)
    store.settle()
    source = store.source(ME, collection)
    assert source.dense(vectors(4, IN_ONE)[2], 1)[0][1] > 0.999
    store.close()


def test_readers_see_whole_documents_while_others_are_written(tmp_path: Path) -> None:
    store = Store(tmp_path / "library", few=FEW)
    collection = create(store).id
    add(store, collection, "fixed.txt", ["fixed fox"] * 3, seed=1)
    done, wrong = threading.Event(), []

    def read() -> None:
        while not done.is_set():
            texts = found_texts(store, collection, "changing")
            nearest = store.source(ME, collection).dense(vectors(1, 3)[1], 1)
            whole = len(texts) in (0, 10) and len(set(texts)) <= 1
            if not (whole and nearest and nearest[0][1] > 0.999):
                wrong.append((texts, nearest))

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for n in range(25):
        made = add(store, collection, "moving.txt", [f"changing {n}"] * 10, seed=10 + n)
        if n % 5 == 4:
            store.documents.delete(ME, collection, made.id)
    done.set()
    for reader in readers:
        reader.join(60)
    store.close()
    assert wrong == []


def test_filters_choose_documents(tmp_path: Path) -> None:
    store = Store(tmp_path / "library")
    collection = create(store).id
    for n in range(6):
        plain = new_document(store, f"{n}.txt", f"{n}")
        new = NewDocument(plain.file, plain.name, plain.sha256, {"year": 2020 + n})
        job = store.jobs.begin(ME, collection, new).document
        store.jobs.finish(job.id, content(n, ["a fox"] * 3))
    source = store.source(ME, collection)
    chosen = source.matching(parse({"type": "gte", "key": "year", "value": 2024}))
    assert len(chosen) == 2
    for found in (
        source.dense(np.eye(1, 16, dtype=np.float32)[0], 50, chosen),
        source.lexical(["fox"], 50, chosen),
    ):
        shown = source.passages([row for row, _ in found])
        assert {passage.document for passage in shown.values()} == chosen
        assert {passage.attributes["year"] for passage in shown.values()} == {2024, 2025}
        assert len(found) == 6
    store.close()
