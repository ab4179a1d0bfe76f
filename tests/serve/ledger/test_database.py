"""The database is safe to write to, or it is refused."""

from pathlib import Path

import pytest

from serve.ledger.database import MIGRATIONS, DatabaseRefused, connect


def test_what_is_committed_is_synced(tmp_path: Path) -> None:
    connection = connect(tmp_path / "hearth.db")
    assert connection.pragma("synchronous") == 2  # FULL
    assert connection.pragma("journal_mode") == "wal"


def test_a_new_database_is_migrated_to_the_newest_version(tmp_path: Path) -> None:
    assert connect(tmp_path / "hearth.db").pragma("user_version") == len(MIGRATIONS)


def test_opening_twice_migrates_once(tmp_path: Path) -> None:
    connect(tmp_path / "hearth.db").close()
    assert connect(tmp_path / "hearth.db").pragma("user_version") == len(MIGRATIONS)


def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    connection = connect(tmp_path / "hearth.db")
    connection.pragma("user_version", len(MIGRATIONS) + 1)
    connection.close()
    with pytest.raises(DatabaseRefused, match="newer"):
        connect(tmp_path / "hearth.db")


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "hearth.db").write_bytes(b"This is not a database, whatever its name says." * 50)
    with pytest.raises(DatabaseRefused, match="damaged"):
        connect(tmp_path / "hearth.db")
