"""Receipts behind the answer: kept soon, lost only when there is no room, and never in the way."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from serve.receipts import keeping
from serve.receipts.keeping import Keeping
from serve.receipts.receipt_file import known
from serve.sections.receipts import ReceiptSettings
from tests.serve.receipts.receipts_made import AT, row

PATIENCE = 20.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "receipts.db"


@pytest.fixture
def keep(path: Path) -> Iterator[Callable[[], Keeping]]:
    made: list[Keeping] = []

    def make() -> Keeping:
        made.append(Keeping(path, ReceiptSettings(), lambda: AT))
        return made[-1]

    yield make
    for each in made:
        each.close()


def count(path: Path) -> int:
    with closing(known(path)) as db:
        return int(db.execute("SELECT count(*) FROM receipts").get)


def test_what_has_settled_is_in_the_file(keep: Callable[[], Keeping], path: Path) -> None:
    kept = keep()
    for number in range(2500):
        kept.keep(row(number))
    assert kept.settle(PATIENCE)
    assert (count(path), kept.standing.written, kept.standing.lost) == (2500, 2500, 0)


def test_closing_writes_what_waits(keep: Callable[[], Keeping], path: Path) -> None:
    kept = keep()
    kept.keep(row(1))
    kept.close()
    assert count(path) == 1


def test_two_gateways_lose_nothing(keep: Callable[[], Keeping], path: Path) -> None:
    one, other = keep(), keep()
    for number in range(0, 1000, 2):
        one.keep(row(number))
        other.keep(row(number + 1))
    assert one.settle(PATIENCE)
    assert other.settle(PATIENCE)
    assert count(path) == 1000


def test_a_locked_file_is_waited_for_and_holds_nobody_up(
    keep: Callable[[], Keeping], path: Path
) -> None:
    kept = keep()
    assert kept.settle(PATIENCE)
    kept.keep(row(0))
    assert kept.settle(PATIENCE)
    with closing(known(path, write=True)) as db:
        db.execute("BEGIN IMMEDIATE")
        began = time.perf_counter()
        for number in range(1, 1001):
            kept.keep(row(number))
        assert not kept.settle(0.3)
        assert time.perf_counter() - began < PATIENCE / 4
        db.execute("ROLLBACK")
    assert kept.settle(PATIENCE)
    assert (count(path), kept.standing.lost) == (1001, 0)


def test_what_has_no_room_to_wait_is_lost_and_told(
    keep: Callable[[], Keeping],
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(keeping, "MOST", 10)
    kept = keep()
    kept.keep(row(0))
    assert kept.settle(PATIENCE)
    with closing(known(path, write=True)) as db:
        db.execute("BEGIN IMMEDIATE")
        for number in range(1, 31):
            kept.keep(row(number))
        db.execute("ROLLBACK")
    kept.close()
    assert (count(path), kept.standing.lost) == (11, 20)
    assert "20 receipts were lost" in caplog.text


FULL = """
import resource, sys
from pathlib import Path
from serve.receipts.keeping import MOST, Keeping
from serve.sections.receipts import ReceiptSettings
from tests.serve.receipts.receipts_made import row

kept = Keeping(Path(sys.argv[1]), ReceiptSettings())
kept.keep(row(0))
assert kept.settle(20)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
for number in range(1, MOST + 1001):
    kept.keep(row(number))
assert not kept.settle(0.5)
assert kept.standing.trouble and kept.standing.lost >= 1000, kept.standing
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
assert kept.settle(60)
kept.close()
print(kept.standing.written + kept.standing.lost - MOST)
"""


def test_a_full_disk_fails_nobody_and_what_waited_is_written_when_there_is_room_again(
    path: Path,
) -> None:
    """In a process of its own: a limit on the size of files stands for the disk."""
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(path)],
        check=True, capture_output=True, text=True, timeout=120, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert done.stdout == "1001\n"
    assert "cannot be written at present" in done.stderr


def test_a_file_damaged_meanwhile_is_set_aside_and_nothing_that_waits_is_lost(
    keep: Callable[[], Keeping], path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = keep()
    first.keep(row(1))
    first.close()
    damage(path)
    kept = keep()
    for number in range(2, 200):
        kept.keep(row(number))
    assert kept.settle(PATIENCE)
    assert (count(path), kept.standing.lost) == (198, 0)
    assert path.with_suffix(".damaged").exists()


def damage(path: Path) -> None:
    """All pages but the first, which says that it is a database."""
    with closing(apsw.Connection(str(path))) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
