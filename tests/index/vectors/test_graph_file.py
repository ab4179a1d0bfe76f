"""A graph on the disk is loaded when it is whole, and never otherwise."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from index.vectors import graph_file
from index.vectors.graph import Graph

DIMENSION = 16
COUNT = 400


def built(count: int = COUNT) -> Graph:
    matrix = np.random.default_rng(1).standard_normal((count, DIMENSION)).astype(np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    graph = Graph(DIMENSION, count)
    graph.add(np.arange(1, count + 1, dtype=np.int64), matrix)
    return graph


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    graph_file.save(built(), tmp_path / "1-1.json", DIMENSION)
    return tmp_path / "1-1.json"


def data_of(manifest: Path) -> Path:
    return manifest.with_name(json.loads(manifest.read_text())["file"])


def test_what_was_saved_is_loaded(manifest: Path) -> None:
    found = graph_file.load(manifest, DIMENSION)
    assert found is not None
    vector = np.full(DIMENSION, 0.25, np.float32)
    assert found.search(vector, 10)[0].tolist() == built().search(vector, 10)[0].tolist()
    assert sorted(path.name for path in manifest.parent.iterdir()) == sorted(
        [manifest.name, data_of(manifest).name]
    )


def test_dead_ones_stay_dead_in_a_file(tmp_path: Path) -> None:
    graph, manifest = built(), tmp_path / "1-1.json"
    graph.mark_dead(np.array([3, 4, 5]))
    graph_file.save(graph, manifest, DIMENSION)
    found = graph_file.load(manifest, DIMENSION)
    assert found is not None
    found.mark_dead(np.array([3, 4, 5]))
    found.mark_dead(np.array([5, 6]))
    everything = found.search(np.full(DIMENSION, 0.25, np.float32), COUNT)[0]
    assert not {3, 4, 5, 6} & set(everything.tolist())
    assert found.dead == 4


def test_a_cut_anywhere_is_noticed(manifest: Path) -> None:
    path = data_of(manifest)
    whole = path.read_bytes()
    for size in (*range(0, len(whole), 4096), len(whole) - 1):
        path.write_bytes(whole[:size])
        assert graph_file.load(manifest, DIMENSION) is None
    path.write_bytes(whole + b"x")
    assert graph_file.load(manifest, DIMENSION) is None
    path.write_bytes(whole)
    assert graph_file.load(manifest, DIMENSION) is not None


def test_a_changed_byte_anywhere_is_noticed(manifest: Path) -> None:
    path = data_of(manifest)
    whole = path.read_bytes()
    for place in (*range(0, len(whole), 4096), len(whole) - 1):
        changed = bytearray(whole)
        changed[place] ^= 0x40
        path.write_bytes(changed)
        assert graph_file.load(manifest, DIMENSION) is None


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", "{}", '{"file": 1}', '{"file": "../../etc/passwd"}']
)
def test_a_manifest_that_is_none_is_no_graph(manifest: Path, text: str) -> None:
    manifest.write_text(text)
    assert graph_file.load(manifest, DIMENSION) is None


def test_a_graph_of_other_vectors_or_parameters_is_not_loaded(manifest: Path) -> None:
    assert graph_file.load(manifest, DIMENSION + 1) is None
    told = json.loads(manifest.read_text())
    for name in ("links", "build_width", "form", "count", "size", "sha256", "dimension"):
        manifest.write_text(json.dumps(told | {name: 7}))
        assert graph_file.load(manifest, DIMENSION) is None


def test_without_a_file_there_is_no_graph(manifest: Path) -> None:
    data_of(manifest).unlink()
    assert graph_file.load(manifest, DIMENSION) is None
    assert graph_file.load(manifest.with_name("2-1.json"), DIMENSION) is None


def test_saving_that_fails_leaves_the_old_graph(manifest: Path) -> None:
    """Every way in which files cannot be written here: the folder takes no new ones."""
    graph = built(COUNT + 1)
    blocked = manifest.with_suffix(".part")
    blocked.mkdir()
    with pytest.raises(OSError, match=r"."):
        graph_file.save(graph, manifest, DIMENSION)
    blocked.rmdir()
    found = graph_file.load(manifest, DIMENSION)
    assert found is not None
    assert len(found) == COUNT


def test_the_new_file_counts_only_with_its_manifest(manifest: Path) -> None:
    """Whatever a death between the steps of saving leaves: the old pair is whole."""
    kept = manifest.read_bytes()
    old = data_of(manifest)
    copy = old.read_bytes()
    graph_file.save(built(COUNT + 1), manifest, DIMENSION)
    assert not old.exists()
    old.write_bytes(copy)  # the moment before the new manifest's rename
    manifest.write_bytes(kept)
    found = graph_file.load(manifest, DIMENSION)
    assert found is not None
    assert len(found) == COUNT


def test_removing_takes_the_file_too(manifest: Path) -> None:
    graph_file.remove(manifest)
    assert os.listdir(manifest.parent) == []
