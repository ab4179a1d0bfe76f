"""Deaths during changes: nothing acknowledged is lost, nothing deleted comes back."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def killed(program: str, folder: Path, *arguments: str) -> tuple[int, int]:
    """The two numbers that a program of this folder ends with."""
    done = subprocess.run(
        [sys.executable, "-m", f"tests.index.store.{program}", folder, *arguments],
        cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True,
        check=False, timeout=280,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    first, second = done.stdout.split()
    return int(first), int(second)


@pytest.mark.slow
def test_a_hundred_deaths_lose_nothing_and_bring_nothing_back(tmp_path: Path) -> None:
    cycles, changes = killed("kill_loop", tmp_path / "library", "100", "1")
    assert cycles == 100
    assert changes >= 50


@pytest.mark.slow
def test_a_death_before_any_commit_of_a_change_of_model_leaves_one_model_in_use(
    tmp_path: Path,
) -> None:
    forwards, back = killed("renewal_deaths", tmp_path)
    assert forwards == 6  # begun, three batches, the recall, the change
    assert back == 3  # begun, the passage that came meanwhile, the change
