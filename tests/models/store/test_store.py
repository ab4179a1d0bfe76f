"""Models are there whole or not at all, and what is there is what was brought."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from models.durable import locked
from models.errors import ModelRefused
from models.store import manifest
from models.store.store import FILES, Store, StoreError
from tests.models.small_models import small_folder, small_gguf


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "models")


@pytest.fixture
def gguf(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.gguf"
    path.write_bytes(small_gguf())
    return path


def ignore(done: int, total: int) -> None:
    pass


def states(store: Store) -> dict[str, str]:
    return {entry.name: entry.state for entry in store.entries()}


def test_an_empty_store_has_no_models(store: Store) -> None:
    assert store.entries() == []
    assert store.entry("tiny").state == "absent"
    assert not store.folder.exists()


def test_a_gguf_is_added_with_its_hash(store: Store, gguf: Path) -> None:
    entry = store.add(gguf, None, ignore)
    assert (entry.name, entry.state) == ("tiny", "ready")
    assert entry.manifest is not None
    (file,) = entry.manifest.files
    assert file.sha256 == hashlib.sha256(small_gguf()).hexdigest()
    assert (entry.manifest.format, entry.manifest.source) == ("gguf", str(gguf))
    assert store.path("tiny").read_bytes() == small_gguf()
    assert store.path("tiny").stat().st_ino == gguf.stat().st_ino  # linked: no byte was copied


def test_a_folder_is_added_without_what_does_not_belong(store: Store, tmp_path: Path) -> None:
    folder = small_folder(tmp_path / "m")
    (folder / "pytorch_model.bin").write_bytes(b"pickle")
    (folder / "modeling_evil.py").write_text("print('never')")
    assert store.add(folder, "mine", ignore).state == "ready"
    names = {path.name for path in store.path("mine").iterdir()}
    assert names == {"config.json", "tokenizer.json", "model.safetensors"}


def test_links_of_a_cache_are_followed(store: Store, tmp_path: Path, gguf: Path) -> None:
    (tmp_path / "snapshot").mkdir()
    (tmp_path / "snapshot" / "a.gguf").symlink_to(gguf)
    store.add(tmp_path / "snapshot", "cached", ignore)
    assert not store.path("cached").is_symlink()


def test_across_file_systems_it_is_copied(
    store: Store, gguf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    entry = store.add(gguf, None, ignore)
    assert entry.state == "ready"
    assert store.path("tiny").stat().st_ino != gguf.stat().st_ino
    assert store.verify("tiny", ignore).state == "ready"


def test_progress_goes_to_the_end(store: Store, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    store.add(small_folder(tmp_path / "m"), None, lambda *done: told.append(done))
    assert told[-1][0] == told[-1][1] > 0


@pytest.mark.parametrize("name", ["../out", "a/b", "..", ".hidden", "", "a\\b", "x" * 97, "a\nb"])
def test_a_name_that_leads_elsewhere_is_refused(store: Store, gguf: Path, name: str) -> None:
    with pytest.raises(StoreError, match="no name"):
        store.entry(name)
    with pytest.raises(StoreError, match="no name"):
        store.remove(name)
    if name:
        with pytest.raises(StoreError, match="no name"):
            store.add(gguf, name, ignore)
    assert not store.folder.exists()


def test_a_model_is_not_overwritten(store: Store, gguf: Path, tmp_path: Path) -> None:
    store.add(gguf, "tiny", ignore)
    with pytest.raises(StoreError, match="already"):
        store.add(small_folder(tmp_path / "m"), "tiny", ignore)
    assert store.verify("tiny", ignore).state == "ready"


def test_what_is_not_a_model_leaves_nothing(store: Store, tmp_path: Path) -> None:
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(small_gguf()[:-1])
    for source in (bad, small_folder(tmp_path / "code", auto_map={"a": "b"})):
        with pytest.raises(ModelRefused):
            store.add(source, None, ignore)
    assert store.entries() == []
    with pytest.raises(StoreError, match="does not exist"):
        store.add(tmp_path / "missing", None, ignore)


def test_a_full_disk_leaves_nothing(store: Store, gguf: Path) -> None:
    def full(done: int, total: int) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(StoreError, match="No space left"):
        store.add(gguf, None, full)
    assert store.entries() == []
    assert store.add(gguf, None, ignore).state == "ready"


def test_a_killed_process_leaves_something_that_says_so_and_can_be_removed(
    store: Store, gguf: Path
) -> None:
    program = (
        "import os, sys; from pathlib import Path; from models.store.store import Store\n"
        "Store(Path(sys.argv[1])).add(Path(sys.argv[2]), None, lambda *_: os._exit(9))"
    )
    command = [sys.executable, "-c", program, str(store.folder), str(gguf)]
    assert subprocess.run(command, check=False).returncode == 9
    assert states(store) == {"tiny": "failed"}
    assert "interrupted" in store.entry("tiny").detail
    store.remove("tiny")
    assert store.entries() == []


def test_after_a_killed_process_it_can_be_added_again(store: Store, gguf: Path) -> None:
    half = store.folder / ".tiny.part"
    half.mkdir(parents=True)
    (half / "rest").write_text("x")
    assert store.add(gguf, None, ignore).state == "ready"
    assert states(store) == {"tiny": "ready"}


def test_a_model_on_its_way_is_seen_and_left_alone(store: Store, gguf: Path) -> None:
    (store.folder / ".tiny.part").mkdir(parents=True)
    with locked(store.folder / "tiny", wait=True):
        assert states(store) == {"tiny": "downloading"}
        with pytest.raises(StoreError, match="Somebody else"):
            store.remove("tiny")
        with pytest.raises(StoreError, match="Somebody else"):
            store.add(gguf, "tiny", ignore)


def test_an_altered_byte_is_found_and_remembered(store: Store, tmp_path: Path) -> None:
    store.add(small_folder(tmp_path / "m"), "m", ignore)
    weights = store.path("m") / "model.safetensors"
    content = weights.read_bytes()
    weights.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert store.entry("m").state == "ready"  # the size is right
    found = store.verify("m", ignore)
    assert (found.state, found.detail[:27]) == ("failed", "altered: model.safetensors;")
    assert Store(store.folder).entry("m").state == "failed"
    with pytest.raises(StoreError, match="altered"):
        store.path("m")
    weights.write_bytes(content)
    assert store.verify("m", ignore).state == "ready"


@pytest.mark.parametrize("damage", ["missing", "cut", "manifest", "manifest of lies"])
def test_damage_is_a_state(store: Store, gguf: Path, damage: str) -> None:
    store.add(gguf, None, ignore)
    folder = store.folder / "tiny"
    if damage == "missing":
        (folder / FILES / "tiny.gguf").unlink()
    elif damage == "cut":
        os.truncate(folder / FILES / "tiny.gguf", 10)
    elif damage == "manifest":
        (folder / manifest.MANIFEST).write_text("{")
    else:
        text = (folder / manifest.MANIFEST).read_text()
        (folder / manifest.MANIFEST).write_text(text.replace("tiny.gguf", "../../tiny.gguf"))
    assert states(store) == {"tiny": "failed"}
    assert store.entry("tiny").detail
    with pytest.raises(StoreError):
        store.path("tiny")
    store.remove("tiny")
    assert store.entries() == []


def test_removing_takes_no_linked_original_along(store: Store, gguf: Path) -> None:
    store.add(gguf, None, ignore)
    store.remove("tiny")
    assert gguf.read_bytes() == small_gguf()
    with pytest.raises(StoreError, match="no model"):
        store.remove("tiny")


def test_what_a_removal_left_is_not_a_model(store: Store, gguf: Path) -> None:
    store.add(gguf, None, ignore)
    (store.folder / ".tiny.gone").mkdir()
    assert states(store) == {"tiny": "ready"}
    store.remove("tiny")
    assert not (store.folder / ".tiny.gone").exists()
