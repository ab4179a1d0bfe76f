"""Runs of golden questions in their file: how many are kept, and what they are compared with."""

from contextlib import closing
from pathlib import Path

import apsw
import pytest

from index.errors import StorageBusy, StorageFailed
from serve.ledger.quality import KEPT, Outcome, QualityFile, Run

QUESTIONS = 8


@pytest.fixture
def file(tmp_path: Path) -> QualityFile:
    return QualityFile(tmp_path / "quality.db")


def add(file: QualityFile, passed: bool | None, at: float = 0.0, name: str = "all") -> bool:
    """Whether that was a drop."""
    outcomes = [Outcome(str(n), f"Question {n}", name, passed) for n in range(QUESTIONS)]
    trend = file.add(Run(at, at + 1, "due", "x"), outcomes).get(name)
    return trend is not None and trend.dropped


def test_a_drop_is_no_measure_for_those_that_follow(file: QualityFile) -> None:
    assert [add(file, passed) for passed in (True, False, False, True)] == [
        False, True, True, False,
    ]  # fmt: skip
    assert not file.latest()["all"].dropped


def test_a_drop_that_lasts_for_all_that_is_kept_is_what_is_usual(file: QualityFile) -> None:
    assert not add(file, True, -1.0)
    drops = [add(file, False, float(at)) for at in range(KEPT + 1)]
    assert drops == [True] * (KEPT - 1) + [False] * 2
    runs = file.runs()
    assert len(runs) == KEPT
    assert runs[0]["began"] == KEPT


def test_what_could_not_be_asked_is_kept_and_compared_with_nothing(file: QualityFile) -> None:
    add(file, True)
    add(file, None)
    assert file.latest() == {}
    assert [one["passed"] for one in file.outcomes()] == [None] * QUESTIONS
    assert add(file, False)


def test_sets_are_compared_with_their_own(file: QualityFile) -> None:
    add(file, True, name="ours")
    assert not add(file, False, name="theirs")
    assert add(file, False, name="ours")


@pytest.mark.parametrize("damage", [b"no database at all" * 400, None])
def test_a_damaged_file_is_set_aside_and_said_once(
    file: QualityFile, tmp_path: Path, damage: bytes | None
) -> None:
    for _ in range(20):
        add(file, True)
    path = tmp_path / "quality.db"
    content = path.read_bytes()
    path.write_bytes(damage or content[:4096] + b"\xff" * (len(content) - 4096))
    with pytest.raises(StorageFailed, match="set aside"):
        file.runs()
    assert (file.runs(), file.outcomes(), file.latest()) == ([], [], {})
    assert not add(file, True)
    assert (tmp_path / "quality.damaged").exists()


def test_a_file_of_a_newer_version_is_left_as_it_is(file: QualityFile, tmp_path: Path) -> None:
    add(file, True)
    with closing(apsw.Connection(str(tmp_path / "quality.db"))) as db:
        db.pragma("user_version", 99)
    with pytest.raises(StorageFailed, match="cannot be read"):
        file.runs()
    assert file.latest() == {}
    assert not (tmp_path / "quality.damaged").exists()


def test_a_file_that_others_hold_is_busy(tmp_path: Path) -> None:
    file = QualityFile(tmp_path / "quality.db", patience=10)
    add(file, True)
    with closing(apsw.Connection(str(tmp_path / "quality.db"))) as db:
        db.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageBusy):
            file.note("wished", "now")
    file.note("wished", "now")


def test_after_forgetting_there_is_nothing_to_compare_with(file: QualityFile) -> None:
    add(file, True)
    assert file.forget() == 1
    assert (file.runs(), file.outcomes(), file.latest()) == ([], [], {})
    assert not add(file, False)


def test_notes_are_seen_by_all_that_open_the_file(file: QualityFile, tmp_path: Path) -> None:
    file.note("wished", "a")
    other = QualityFile(tmp_path / "quality.db")
    assert other.notes() == {"wished": "a", "running": "", "trouble": ""}
    other.note("wished", "")
    assert file.notes()["wished"] == ""


def test_a_file_that_is_absent_or_damaged_tells_nothing(file: QualityFile, tmp_path: Path) -> None:
    assert file.latest() == {}
    assert not (tmp_path / "quality.db").exists()
    (tmp_path / "quality.db").write_bytes(b"no database" * 100)
    assert file.latest() == {}
