"""What several connections to one file may do to each other."""

import subprocess
import sys
from pathlib import Path

from models.sqlite_file import opened

MIGRATIONS = ["CREATE TABLE words (word TEXT)"]
# What SQLite does in a process that leaves, to see whether it is the last.
LAST = """
import fcntl, sys
try:
    fcntl.lockf(open(sys.argv[1], "r+b"), fcntl.LOCK_EX | fcntl.LOCK_NB)
    print("last")
except BlockingIOError:
    print("not last")
"""


def last(file: Path) -> str:
    run = [sys.executable, "-c", LAST, str(file)]
    return subprocess.run(run, capture_output=True, text=True, check=True, timeout=30).stdout


def test_a_second_connection_leaves_the_first_ones_locks_alone(tmp_path: Path) -> None:
    """Else the next process to leave takes itself for the last, and the log away."""
    file = tmp_path / "a.db"
    first = opened(file, MIGRATIONS)
    assert last(file) == "not last\n"
    second = opened(file, MIGRATIONS)
    assert last(file) == "not last\n"
    second.close()
    first.close()
    assert last(file) == "last\n"


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    opened(tmp_path / "folder" / "a.db", MIGRATIONS).close()
    assert (tmp_path / "folder" / "a.db").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "folder").stat().st_mode & 0o777 == 0o700
