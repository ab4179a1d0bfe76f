"""A hundred deaths during changes: nothing acknowledged is lost, nothing deleted comes back."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def killed(folder: Path, cycles: int, seed: int) -> tuple[int, int]:
    """Cycles, and changes acknowledged in all of them."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.index.store.kill_loop", folder, str(cycles), str(seed)],
        cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True,
        check=False, timeout=280,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    first, second = done.stdout.split()
    return int(first), int(second)


@pytest.mark.slow
def test_a_hundred_deaths_lose_nothing_and_bring_nothing_back(tmp_path: Path) -> None:
    cycles, changes = killed(tmp_path / "library", 100, seed=1)
    assert cycles == 100
    assert changes >= 50
