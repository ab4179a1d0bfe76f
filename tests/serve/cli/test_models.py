"""`hearth models` as a person runs it, in a process of its own."""

import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.models.small_models import small_folder, small_gguf
from tests.models.store.hub_server import REPOSITORY, FakeHub, serving

ROOT = Path(__file__).parents[3]
BUNDLED = "smollm2-135m-instruct"


def environment(home: Path) -> dict[str, str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("HEARTH_", "HF_"))}
    return inherited | {"HEARTH_HOME": str(home), "HEARTH_PROFILE": "small"}


def models(home: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "serve", "models", *arguments],
        env=environment(home) | more,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def listed(home: Path) -> dict[str, str]:
    entries = json.loads(models(home, "list", "--json").stdout)
    return {entry["name"]: entry["state"] for entry in entries}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def gguf(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.gguf"
    path.write_bytes(small_gguf())
    return path


@pytest.fixture
def remote(tmp_path: Path):
    folder = small_folder(tmp_path / "origin")
    with serving({path.name: path.read_bytes() for path in folder.iterdir()}) as hub:
        yield hub


def test_a_fresh_appliance_has_its_bundled_model(home: Path) -> None:
    assert listed(home) == {BUNDLED: "ready"}
    assert "bundled with Hearth" in models(home, "list").stdout


def test_a_model_is_added_verified_and_removed(home: Path, gguf: Path) -> None:
    added = json.loads(models(home, "add", str(gguf), "--json").stdout)
    assert (added["name"], added["state"]) == ("tiny", "ready")
    assert listed(home) == {BUNDLED: "ready", "tiny": "ready"}
    assert models(home, "verify", "tiny").returncode == 0
    assert models(home, "remove", "tiny").returncode == 0
    assert listed(home) == {BUNDLED: "ready"}


def test_an_altered_model_fails_with_what_to_do(home: Path, tmp_path: Path) -> None:
    models(home, "add", str(small_folder(tmp_path / "m")))
    weights = home / "models" / "m" / "files" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    done = models(home, "verify", "m")
    assert done.returncode == 1
    assert "altered: model.safetensors" in done.stderr
    assert listed(home)["m"] == "failed"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["verify", "nope"], "no model nope"),
        (["remove", "nope"], "no model nope"),
        (["remove", "../keys"], "no name"),
        (["plan", "nope"], "nope"),
        (["add", "/does/not/exist.gguf"], "does not exist"),
        (["pull", "nonsense"], "no repository"),
        (["plan", BUNDLED, "--context", "9999999"], "at most 8192"),
        (["plan", BUNDLED, "--gpu", "77"], "no such GPU"),
    ],
)
def test_what_cannot_be_done_is_one_line(home: Path, arguments: list[str], complaint: str) -> None:
    done = models(home, *arguments)
    assert done.returncode == 1
    assert complaint in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_model_is_pulled_from_a_mirror(home: Path, remote: FakeHub) -> None:
    done = models(home, "pull", REPOSITORY, "--name", "mine", HF_ENDPOINT=remote.url)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "mine is ready (0.00 GB, licence apache-2.0).\n"
    assert listed(home) == {BUNDLED: "ready", "mine": "ready"}


def test_progress_is_shown_on_a_terminal(home: Path, remote: FakeHub) -> None:
    terminal, ours = pty.openpty()
    command = [sys.executable, "-m", "serve", "models", "pull", REPOSITORY]
    variables = environment(home) | {"HF_ENDPOINT": remote.url, "TERM": "xterm", "COLUMNS": "120"}
    subprocess.run(command, cwd=ROOT, env=variables, stderr=ours, check=True, timeout=60)
    os.close(ours)
    shown = os.read(terminal, 65536).decode()
    os.close(terminal)
    assert f"Pulling {REPOSITORY}" in shown


def test_without_a_network_a_pull_says_so_in_one_line(home: Path, remote: FakeHub) -> None:
    url = "http://127.0.0.1:9"  # nothing answers on the discard port
    done = models(home, "pull", REPOSITORY, HF_ENDPOINT=url)
    assert done.returncode == 1
    assert done.stderr.startswith(f"{url} cannot be reached")
    assert len(done.stderr.splitlines()) == 1


def test_a_plan_says_what_it_takes(home: Path) -> None:
    done = models(home, "plan", BUNDLED, "--gpu", "-1", "--context", "2048", "--concurrency", "4")
    assert (done.returncode, done.stderr) == (0, "")
    assert "4 answer(s) of 2048 tokens at once" in done.stdout
    assert "it fits" in done.stdout
    told = json.loads(models(home, "plan", BUNDLED, "--gpu", "-1", "--json").stdout)
    assert (told["lacking"], told["room"]["where"]) == (0, "this machine")


def test_what_does_not_fit_names_what_is_missing_and_who_holds_it(home: Path) -> None:
    wanted = ["--context", "8192", "--concurrency", "1000000"]
    done = models(home, "plan", BUNDLED, "--gpu", "-1", *wanted)
    assert done.returncode == 1
    assert "GB are missing" in done.stdout
    assert "of the rest" in done.stdout


def test_a_path_is_planned_too(home: Path, gguf: Path) -> None:
    assert models(home, "plan", str(gguf)).returncode == 0


def test_a_tier_s_model_that_is_not_there_is_absent(home: Path, tmp_path: Path) -> None:
    tier = {"engine": "llama", "model": "big", "path": str(home / "models" / "big" / "files" / "b")}
    file = tmp_path / "hearth.yaml"
    file.write_text(yaml.safe_dump({"tiers": {"small": tier}}))
    done = models(home, "list", "--json", "--config", str(file))
    (entry,) = json.loads(done.stdout)
    assert (entry["name"], entry["state"]) == ("big", "absent")


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    disk, source = tmp_path / "disk", small_folder(tmp_path / "m", weights=100_000)
    disk.mkdir()
    alone = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]  # nobody else sees it
    mount = f"mount -t tmpfs -o size=64k tmpfs {disk}"
    if shutil.which("unshare") is None or subprocess.run([*alone, mount], check=False).returncode:
        pytest.skip("no file system can be mounted here")
    add = f"{sys.executable} -m serve models add {source}; echo $?; ls -A {disk}/models"
    done = subprocess.run(
        [*alone, f"{mount} && {add}"],
        cwd=ROOT,
        env=environment(disk),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == "The model m cannot be kept: No space left on device.\n"
    assert done.stdout == "1\n.m.lock\n"
