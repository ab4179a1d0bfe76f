"""The file of kept answers: what was changed in it by anybody else is not given again."""

import logging
from pathlib import Path
from typing import Any

import apsw
import pytest

from index.caches.answer_file import AHEAD, AnswerFile, Row
from index.caches.sealed import Given, Owner, Sealed
from models.engine import Chunk

MIB = 1 << 20
OWNER = Owner("tenant", (("echo", "1"), ("sage", "2")), ("vs_1",))


def row(key: bytes = b"k" * 32, text: str = "an answer", made_at: float = 1000.0) -> Row:
    return Row(Sealed.of(key, Given((Chunk(text),), "small", "echo", 5.5), OWNER), made_at)


ROW = row()


def file(folder: Path, most: int = MIB) -> AnswerFile:
    return AnswerFile(folder / "answers.db", most)


def found(folder: Path, now: float = 1000.0) -> list[Row]:
    opened = file(folder)
    rows = list(opened.rows(now, 60))
    opened.close()
    return rows


def kept(folder: Path, *rows: Row) -> None:
    opened = file(folder)
    opened.change(rows, ())
    opened.close()


def changed(folder: Path, sql: str, *values: Any) -> None:
    """By hand."""
    db = apsw.Connection(str(folder / "answers.db"))
    db.execute(sql, values)
    db.close()


def test_an_answer_outlives_the_process(tmp_path: Path) -> None:
    older = row(b"o" * 32, made_at=990.0)
    kept(tmp_path, ROW, older)
    assert found(tmp_path) == [older, ROW]
    assert ROW.sealed.opened(OWNER) == Given((Chunk("an answer"),), "small", "echo", 5.5)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("key", b"x" * 32),
        ("tenant", "somebody else"),
        ("model", "sage"),
        ("about", '[[["echo","2"],["sage","2"]],["vs_1"],"small",5.5,0]'),
        ("about", "no JSON"),
        ("made_at", 1001.0),
        ("answer", b'[{"text": "another answer"}]'),
        ("seal", b"x" * 32),
        ("checksum", b"x" * 32),
    ],
)
def test_a_row_that_was_changed_by_hand_is_gone(
    tmp_path: Path, column: str, value: object, caplog: pytest.LogCaptureFixture
) -> None:
    other = row(b"o" * 32)
    kept(tmp_path, ROW, other)
    with caplog.at_level(logging.WARNING):
        changed(tmp_path, f"UPDATE answers SET {column} = ? WHERE key = ?", value, b"k" * 32)
        assert found(tmp_path) == [other]
    assert "damaged" in caplog.text
    caplog.clear()
    assert found(tmp_path) == [other]
    assert caplog.text == ""


def test_a_text_that_is_none_is_damage_like_any_other(tmp_path: Path) -> None:
    kept(tmp_path, ROW)
    changed(tmp_path, "UPDATE answers SET tenant = CAST(x'ff41' AS TEXT)")
    assert found(tmp_path) == []


def test_what_stands_in_two_columns_cannot_be_moved_between_them(tmp_path: Path) -> None:
    kept(tmp_path, ROW)
    changed(tmp_path, "UPDATE answers SET tenant = 'tenante', model = 'cho'")
    assert found(tmp_path) == []


def test_what_is_too_old_or_of_the_future_goes(tmp_path: Path) -> None:
    kept(tmp_path, ROW)
    assert found(tmp_path, now=1060.0) == [ROW]
    assert found(tmp_path, now=1000.0 - AHEAD) == [ROW]
    assert found(tmp_path, now=1000.0 - AHEAD - 0.1) == []
    assert found(tmp_path) == []
    kept(tmp_path, ROW)
    assert found(tmp_path, now=1060.1) == []
    assert found(tmp_path) == []


@pytest.mark.parametrize(
    "damage", [b"no database at all, whatever its name says " * 200, b"SQLite format 3\0" * 9]
)
def test_a_file_that_is_no_database_is_set_aside(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "answers.db").write_bytes(damage)
    kept(tmp_path, ROW)
    assert found(tmp_path) == [ROW]
    assert (tmp_path / "answers.damaged").read_bytes() == damage


def test_a_file_of_a_newer_version_is_set_aside(tmp_path: Path) -> None:
    kept(tmp_path, ROW)
    changed(tmp_path, "PRAGMA user_version = 99")
    assert found(tmp_path) == []
    assert (tmp_path / "answers.damaged").exists()


def test_the_file_is_for_its_owner_only_and_stays_within_its_bound(tmp_path: Path) -> None:
    opened = file(tmp_path / "data", MIB)
    rows = [row(bytes([number]) * 32, "x" * 20_000) for number in range(100)]
    opened.change(rows[:30], ())
    with pytest.raises(apsw.FullError):
        opened.change(rows[30:], ())
    path = tmp_path / "data" / "answers.db"
    assert path.stat().st_mode & 0o077 == 0
    assert path.stat().st_size <= MIB
    opened.change([ROW], [one.sealed.key for one in rows])
    opened.close()
    assert found(tmp_path / "data") == [ROW]


def test_what_is_gone_leaves_no_trace_in_the_file(tmp_path: Path) -> None:
    opened = file(tmp_path)
    secret = row(text="a secret that nobody shall find" * 3)
    opened.change([secret], ())
    opened.change((), [secret.sealed.key])
    opened.tidy(0.0)
    for path in tmp_path.iterdir():
        assert b"a secret that nobody" not in path.read_bytes(), path.name
    opened.close()


def test_looking_for_what_is_too_old_takes_nothing_else(tmp_path: Path) -> None:
    opened = file(tmp_path)
    newer = row(b"n" * 32, made_at=2000.0)
    opened.change([ROW, newer], ())
    opened.tidy(1500.0)
    opened.close()
    assert found(tmp_path, 2000.0) == [newer]
