"""A model comes whole over a bad line, in as many tries as it takes, or not at all."""

import shutil
import socket
from pathlib import Path
from types import SimpleNamespace

import pytest

from models.errors import ModelRefused
from models.progress import Progress
from models.store.hub import Hub
from models.store.model_files import choose
from models.store.pull import TRIES, Wanted, pull
from models.store.store import Entry, Store, StoreError
from tests.models.small_models import small_folder, small_gguf
from tests.models.store.hub_server import COMMIT, REPOSITORY, FakeHub, serving

WEIGHTS = "model.safetensors"
NUMBERS = 500_000  # a million bytes


def ignore(done: int, total: int) -> None:
    pass


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "models")


@pytest.fixture
def files(tmp_path: Path) -> dict[str, bytes]:
    folder = small_folder(tmp_path / "origin", weights=NUMBERS)
    found = {path.name: path.read_bytes() for path in folder.iterdir()}
    return found | {"README.md": b"hello", "modeling.py": b"evil", "x/../../up.gguf": b"GGUF"}


@pytest.fixture
def remote(files: dict[str, bytes]):
    with serving(files) as hub:
        yield hub


def got(
    store: Store,
    remote: FakeHub,
    *,
    progress: Progress = ignore,
    file: str | None = None,
    repository: str = REPOSITORY,
) -> Entry:
    with Hub(remote.url) as hub:
        return pull(store, hub, Wanted(repository, file=file), progress, pause=0)


def test_a_model_comes_with_its_origin(
    store: Store, remote: FakeHub, files: dict[str, bytes]
) -> None:
    told: list[tuple[int, int]] = []
    entry = got(store, remote, progress=lambda *done: told.append(done))
    assert (entry.name, entry.state) == ("tiny", "ready")
    assert entry.manifest is not None
    assert entry.manifest.revision == COMMIT
    assert (entry.manifest.source, entry.manifest.licence) == (REPOSITORY, "apache-2.0")
    here = {path.name: path.read_bytes() for path in store.path("tiny").iterdir()}
    assert here == {name: files[name] for name in choose(files, None)}
    assert told[-1] == (sum(map(len, here.values())),) * 2
    assert store.verify("tiny", ignore).state == "ready"
    assert {path.name for path in (store.folder / "tiny").iterdir()} == {"files", "manifest.json"}


def test_a_connection_that_breaks_is_taken_up_where_it_broke(store: Store, remote: FakeHub) -> None:
    remote.drop_after = {WEIGHTS: [300_000, 200_000], "config.json": [5]}
    told: list[int] = []
    assert got(store, remote, progress=lambda done, _: told.append(done)).state == "ready"
    starts = [start for name, start in remote.asked if name == WEIGHTS]
    assert starts == [0, 300_000, 500_000]
    assert told == sorted(told)


def test_a_pull_that_was_given_up_goes_on_in_another_process(store: Store, remote: FakeHub) -> None:
    remote.drop_after = {WEIGHTS: [300_000] + [0] * TRIES}
    with pytest.raises(StoreError, match="cannot be reached"):
        got(store, remote)
    assert [(entry.name, entry.state) for entry in store.entries()] == [("tiny", "failed")]
    assert "pull" in store.entry("tiny").detail
    remote.asked.clear()
    assert got(Store(store.folder), remote).state == "ready"
    assert remote.asked == [(WEIGHTS, 300_000)]  # what had come whole is not asked for again


def test_an_interrupted_pull_goes_on(store: Store, remote: FakeHub) -> None:
    def control_c(done: int, total: int) -> None:
        if done > total // 2:
            raise KeyboardInterrupt

    remote.drop_after = {WEIGHTS: [700_000]}
    with pytest.raises(KeyboardInterrupt):
        got(store, remote, progress=control_c)
    remote.asked.clear()
    assert got(store, remote).state == "ready"
    ((name, start),) = remote.asked
    assert (name, start > 0) == (WEIGHTS, True)


def test_a_server_without_ranges_begins_again(store: Store, remote: FakeHub) -> None:
    remote.ranges = False
    remote.drop_after = {WEIGHTS: [300_000]}
    told: list[tuple[int, int]] = []
    assert got(store, remote, progress=lambda *done: told.append(done)).state == "ready"
    assert told[-1][0] == told[-1][1]


def test_a_new_commit_begins_again(store: Store, remote: FakeHub, files: dict[str, bytes]) -> None:
    remote.drop_after = {WEIGHTS: [300_000] + [0] * TRIES}
    with pytest.raises(StoreError):
        got(store, remote)
    remote.commit = "d" * 40
    remote.asked.clear()
    entry = got(store, remote)
    assert entry.manifest is not None
    assert entry.manifest.revision == "d" * 40
    assert all(start == 0 for _, start in remote.asked)


def test_a_busy_hub_is_asked_again(store: Store, remote: FakeHub) -> None:
    remote.busy = {WEIGHTS: TRIES - 1}
    assert got(store, remote).state == "ready"
    assert len(remote.asked) == 3 + TRIES - 1


@pytest.mark.parametrize("change", ["one byte", "shorter", "longer"])
def test_weights_that_are_not_what_the_hub_says_are_not_kept(
    store: Store, remote: FakeHub, files: dict[str, bytes], change: str
) -> None:
    whole = files[WEIGHTS]
    remote.altered = {
        "one byte": whole[:-1] + bytes([whole[-1] ^ 1]),
        "shorter": whole[:1000],
        "longer": whole + b"x",
    }[change]
    with pytest.raises(StoreError):
        got(store, remote)
    assert store.entry("tiny").state == "failed"
    remote.altered = None
    assert got(store, remote).state == "ready"


def test_a_small_file_that_is_altered_is_found_by_its_git_hash(
    store: Store, remote: FakeHub, files: dict[str, bytes]
) -> None:
    info = remote.info()
    remote.info = lambda: info  # type: ignore[method-assign]
    files["tokenizer.json"] = b"[]"
    with pytest.raises(StoreError, match=r"tokenizer\.json is not what the Hub says"):
        got(store, remote)


def test_code_is_refused_before_the_weights_come(
    store: Store, remote: FakeHub, files: dict[str, bytes]
) -> None:
    files["config.json"] = b'{"auto_map": {"AutoModel": "modeling.Evil"}}'
    with pytest.raises(ModelRefused, match="auto_map"):
        got(store, remote)
    assert WEIGHTS not in [name for name, _ in remote.asked]
    assert store.entries() == []


def test_pickles_are_refused_before_anything_comes(
    store: Store, remote: FakeHub, files: dict[str, bytes]
) -> None:
    files["pytorch_model.bin"] = files.pop(WEIGHTS)
    with pytest.raises(ModelRefused, match="pickles"):
        got(store, remote)
    assert remote.asked == []
    assert store.entries() == []


def test_one_of_several_ggufs_is_taken_and_named_after_itself(
    store: Store, remote: FakeHub, files: dict[str, bytes]
) -> None:
    files |= {"tiny-Q4.gguf": small_gguf(), "tiny-Q8.gguf": small_gguf() + b"x"}
    entry = got(store, remote, file="tiny-Q4.gguf")
    assert (entry.name, entry.state) == ("tiny-Q4", "ready")
    assert store.path("tiny-Q4").name == "tiny-Q4.gguf"


@pytest.mark.parametrize(
    ("status", "complaint"), [(401, "gated"), (403, "gated"), (404, "no such"), (410, "410")]
)
def test_a_refusal_says_what_to_do(
    store: Store, remote: FakeHub, status: int, complaint: str
) -> None:
    remote.status = status
    with pytest.raises(StoreError, match=complaint):
        got(store, remote)
    assert store.entries() == []


@pytest.mark.parametrize("repository", ["tiny", "a/b/c", "../a", "a/..", "", "acme/tiny?x"])
def test_what_is_no_repository_is_not_asked_for(
    store: Store, remote: FakeHub, repository: str
) -> None:
    with pytest.raises(StoreError):
        got(store, remote, repository=repository)
    assert remote.tokens == []


def test_without_a_network_it_says_so(store: Store) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with Hub(f"http://127.0.0.1:{port}") as hub, pytest.raises(StoreError, match="reached"):
        pull(store, hub, Wanted(REPOSITORY), ignore)
    assert store.entries() == []


def test_an_address_that_is_none_is_refused(store: Store) -> None:
    with Hub("nonsense") as hub, pytest.raises(StoreError):
        pull(store, hub, Wanted(REPOSITORY), ignore)


def test_a_page_that_is_no_hub_is_refused(store: Store, remote: FakeHub) -> None:
    remote.info = lambda: b"<html>sign in to the hotel's network</html>"  # type: ignore[method-assign]
    with pytest.raises(StoreError, match="does not answer as the Hub"):
        got(store, remote)


def test_a_disk_that_is_too_small_is_found_before_the_weights_come(
    store: Store, remote: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1_000))
    with pytest.raises(StoreError, match="too small"):
        got(store, remote)
    assert remote.asked == []


def test_a_token_goes_to_no_other_hub(
    store: Store, remote: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    got(store, remote)
    assert set(remote.tokens) == {None}
    store.remove("tiny")
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", remote.url)
    got(store, remote)
    assert "Bearer hf_secret" in remote.tokens
