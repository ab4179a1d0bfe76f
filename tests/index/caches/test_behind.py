"""Kept answers on their way to the disk: whatever happens there, nobody who answers notices."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw
import pytest

from index.caches import behind
from index.caches.behind import Behind
from index.caches.memory import Standing
from index.caches.sealed import Given, Owner, Sealed
from models.engine import Chunk

MIB = 1 << 20
PATIENCE = 10.0  # seconds


@contextmanager
def writing(folder: Path, now: float = 1000.0) -> Iterator[tuple[Behind, list[Sealed]]]:
    """And what was there before."""
    written = Behind(folder / "answers.db", MIB, 60.0, lambda: now)
    found = written.load()
    try:
        yield written, [sealed for sealed, _ in found]
    finally:
        written.close()


def kept(folder: Path) -> list[Sealed]:
    with writing(folder) as (_, found):
        return found


def row(number: int, text: str = "an answer") -> Sealed:
    given = Given((Chunk(text),), "small", "echo", 5.0)
    return Sealed.of(number.to_bytes(32), given, Owner("tenant", (("echo", "1"),)))


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(behind, "RETRY", 0.05)


def test_what_was_kept_is_there_after_a_restart_and_what_was_dropped_is_not(tmp_path: Path) -> None:
    with writing(tmp_path) as (written, found):
        assert found == []
        for number in range(100):
            written.put(row(number))
        written.put(row(1, "a newer one"))
        for number in range(2, 100):
            written.drop(row(number).key)
        assert written.settle(PATIENCE)
        assert written.standing == Standing(0, None)
    assert kept(tmp_path) == [row(0), row(1, "a newer one")]


def test_what_was_dropped_leaves_no_trace_on_the_disk(tmp_path: Path) -> None:
    with writing(tmp_path) as (written, _):
        written.put(row(0, "a secret that nobody shall find"))
        assert written.settle(PATIENCE)
        written.drop(row(0).key)
        assert written.settle(PATIENCE)
        for path in tmp_path.iterdir():
            assert b"a secret" not in path.read_bytes(), path.name


def test_what_was_kept_last_is_written_before_the_end(tmp_path: Path) -> None:
    with writing(tmp_path) as (written, _):
        written.put(row(0))
    assert kept(tmp_path) == [row(0)]


def test_a_locked_file_is_written_later_and_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with writing(tmp_path) as (written, _):
        written.put(row(0))
        assert written.settle(PATIENCE)
        other = apsw.Connection(str(tmp_path / "answers.db"))
        other.execute("BEGIN IMMEDIATE")
        with caplog.at_level(logging.WARNING):
            for number in range(1, 50):
                written.put(row(number))
                written.settle(0.01)
            written.drop(row(0).key)
            assert not written.settle(0.7)
            assert written.standing.trouble is not None
            assert len(caplog.records) == 1
            other.execute("ROLLBACK")
            other.close()
            assert written.settle(PATIENCE)
        assert written.standing == Standing(0, None)
    assert len(kept(tmp_path)) == 49


def test_a_file_that_could_not_be_read_begins_anew(tmp_path: Path) -> None:
    """What is in it may have been dropped since."""
    with writing(tmp_path) as (written, _):
        written.put(row(0))
    other = apsw.Connection(str(tmp_path / "answers.db"))
    other.pragma("locking_mode", "exclusive")
    other.execute("BEGIN EXCLUSIVE")
    with writing(tmp_path) as (written, found):
        assert found == []
        written.put(row(1))
        other.execute("ROLLBACK")
        other.close()
        assert written.settle(PATIENCE)
    assert kept(tmp_path) == [row(1)]


def test_a_full_file_keeps_what_fits_and_never_an_answer_that_was_replaced(tmp_path: Path) -> None:
    with writing(tmp_path) as (written, _):
        written.put(row(0, "old"))
        for number in range(1, 100):
            written.put(row(number, "x" * 20_000))
            written.settle(PATIENCE)
        written.put(row(0, "x" * 100_000))
        assert written.settle(PATIENCE)
        assert written.standing.waiting == 0
        for number in range(1, 100):
            written.drop(row(number).key)
        written.put(row(100))
        assert written.settle(PATIENCE)
    assert kept(tmp_path) == [row(100)]


def test_what_waits_is_bounded(tmp_path: Path) -> None:
    """While nothing can be written, and then the file has what came last."""
    with writing(tmp_path) as (written, _):
        written.put(row(0))
        assert written.settle(PATIENCE)
        other = apsw.Connection(str(tmp_path / "answers.db"))
        other.execute("BEGIN IMMEDIATE")
        for number in range(1, 3 * behind.CHANGES):
            written.put(row(number % behind.CHANGES, "x" * 1000))
            assert written.standing.waiting <= behind.CHANGES
            assert written.standing.waiting * 1000 <= MIB // 4
        other.execute("ROLLBACK")
        other.close()
        assert written.settle(PATIENCE)
    assert 0 < len(kept(tmp_path)) < 2000


def test_a_file_that_is_damaged_meanwhile_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "answers.db"
    with writing(tmp_path) as (written, _):
        for number in range(200):
            written.put(row(number, "x" * 3000))
    whole = path.read_bytes()
    damaged = bytearray(whole)
    for page in range(1, len(whole) // 4096):
        damaged[page * 4096 : page * 4096 + 8] = b"\xff" * 8
    path.write_bytes(damaged)
    with writing(tmp_path) as (written, found):
        assert found == []
        written.put(row(0))
        assert written.settle(PATIENCE)
    assert kept(tmp_path) == [row(0)]
    assert path.with_suffix(".damaged").exists()


def test_a_folder_that_cannot_be_written_costs_nothing_but_the_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with writing(tmp_path / "file") as (written, found):
        assert found == []
        written.put(row(0))
        assert not written.settle(0.2)
        assert written.standing.trouble is not None
