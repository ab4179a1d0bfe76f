"""What a killed engine left in shared memory goes, and nothing else does."""

import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from models.vllm.shared import FOLDER, note, sweep

HOLDER = """
import mmap, sys
with open(sys.argv[1], "r+b") as file:
    held = mmap.mmap(file.fileno(), 0)
print("held", flush=True)
sys.stdin.read()
"""

Holder = subprocess.Popen[bytes]


@pytest.fixture
def names() -> Iterator[list[str]]:
    """Of files in shared memory that are there."""
    made = [f"psm_{secrets.token_hex(4)}" for _ in range(2)]
    for name in made:
        (FOLDER / name).write_bytes(b"x" * 4096)
    yield made
    for name in made:
        (FOLDER / name).unlink(missing_ok=True)


@pytest.fixture
def hold() -> Iterator[Callable[[str], Holder]]:
    """Maps one of them in a process of its own."""
    holders = list[Holder]()

    def start(name: str) -> Holder:
        command = [sys.executable, "-c", HOLDER, str(FOLDER / name)]
        holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        holders.append(holder)
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        return holder

    yield start
    for holder in holders:
        holder.kill()
        holder.communicate(timeout=30)


def noted(kept: Path, holder: Holder) -> None:
    note(kept, [psutil.Process(holder.pid)])


def there(names: list[str]) -> list[bool]:
    return [(FOLDER / name).exists() for name in names]


def test_what_a_killed_engine_mapped_goes_and_what_nobody_noted_stays(
    tmp_path: Path, names: list[str], hold: Callable[[str], Holder]
) -> None:
    engine = hold(names[0])
    noted(tmp_path, engine)
    engine.kill()
    engine.wait(30)
    sweep(tmp_path)
    assert there(names) == [False, True]
    assert list(tmp_path.iterdir()) == []


def test_what_is_mapped_stays_until_it_is_not(
    tmp_path: Path, names: list[str], hold: Callable[[str], Holder]
) -> None:
    engine, other = hold(names[0]), hold(names[0])
    noted(tmp_path, engine)
    for holder, left in ((engine, True), (other, False)):
        sweep(tmp_path)
        assert there(names) == [True, True]
        holder.kill()
        holder.wait(30)
        sweep(tmp_path)
        assert there(names) == [left, True]


def test_another_file_of_the_same_name_stays(
    tmp_path: Path, names: list[str], hold: Callable[[str], Holder]
) -> None:
    engine = hold(names[0])
    noted(tmp_path, engine)
    (FOLDER / names[0]).rename(FOLDER / f"{names[0]}_old")
    (FOLDER / names[0]).write_bytes(b"another")
    engine.kill()
    engine.wait(30)
    (FOLDER / f"{names[0]}_old").unlink()
    sweep(tmp_path)
    assert there(names) == [True, True]


def test_without_notes_nothing_is_looked_for(tmp_path: Path, names: list[str]) -> None:
    sweep(tmp_path / "nowhere")
    (tmp_path / "shared-1").write_text("../../etc/passwd 1\npsm_/../x 1\n")
    sweep(tmp_path)
    assert there(names) == [True, True]
    assert list(tmp_path.iterdir()) == []
