"""A folder appears whole or not at all, and one process at a time works on it."""

import subprocess
import sys
from pathlib import Path

import pytest

from models.durable import Busy, appearing, locked, unfinished


def test_a_folder_appears_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "model"
    with locked(target, wait=True), appearing(target) as half:
        (half / "deep").mkdir()
        (half / "deep" / "file").write_text("x")
        assert not target.exists()
    assert (target / "deep" / "file").read_text() == "x"
    assert not unfinished(target).exists()


def test_an_error_leaves_nothing(tmp_path: Path) -> None:
    target = tmp_path / "model"
    with pytest.raises(OSError, match="full"), locked(target, wait=True):  # noqa: PT012, SIM117
        with appearing(target) as half:
            (half / "file").write_text("x")
            raise OSError("full")
    assert [path.name for path in tmp_path.iterdir()] == [".model.lock"]


def test_what_a_dead_process_left_is_cleared(tmp_path: Path) -> None:
    target = tmp_path / "model"
    program = (
        "import os, sys; from pathlib import Path; from models.durable import appearing, locked\n"
        "target = Path(sys.argv[1])\n"
        "with locked(target, wait=True), appearing(target) as half:\n"
        "    (half / 'old').write_text('x'); os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", program, target], check=False).returncode == 9
    assert (unfinished(target) / "old").exists()
    assert not target.exists()
    with locked(target, wait=True), appearing(target) as half:
        (half / "new").write_text("x")
    assert [path.name for path in target.iterdir()] == ["new"]


def test_whoever_comes_second_is_told(tmp_path: Path) -> None:
    target = tmp_path / "model"
    with locked(target, wait=True), pytest.raises(Busy), locked(target, wait=False):
        pytest.fail("two at once")
    with locked(target, wait=False):
        pass
