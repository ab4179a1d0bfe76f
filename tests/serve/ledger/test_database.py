"""The database is safe to write to, or it is refused."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import apsw
import pytest

from models.sqlite_file import opened
from serve.ledger.database import MIGRATIONS, DatabaseRefused, connect
from serve.ledger.keys import Keys


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


OLD_KEYS = """
    INSERT INTO keys VALUES ('k1', 'ada', 't1', 1, x'00', 1.0, NULL);
    INSERT INTO keys VALUES ('k2', 'ben', 't2', 0, x'01', 2.0, 3.0)
"""


def made_by_version(folder: Path, version: int) -> Path:
    """A ledger as that version of it left it, with an admin and a revoked user."""
    path = folder / "hearth.db"
    old = opened(path, MIGRATIONS[:version])
    old.execute(OLD_KEYS)
    old.close()
    return path


def test_a_ledger_of_the_first_versions_keeps_its_keys_and_their_rights(tmp_path: Path) -> None:
    for version in (1, 2):
        folder = tmp_path / str(version)
        keys = Keys(made_by_version(folder, version))
        assert [(k.name, k.tenant, k.account, k.admin, k.active) for k in keys.all()] == [
            ("ada", "t1", "k1", True, True),
            ("ben", "t2", "k2", False, False),
        ]
        keys.close()


def test_the_old_one_is_kept_beside_it_private_and_whole(tmp_path: Path) -> None:
    connect(made_by_version(tmp_path, 2)).close()
    copy = tmp_path / "hearth.db.v2"
    assert copy.stat().st_mode & 0o077 == 0
    old = apsw.Connection(str(copy))
    assert old.pragma("user_version") == 2
    assert old.execute("SELECT id, admin FROM keys ORDER BY id").fetchall() == [
        ("k1", 1),
        ("k2", 0),
    ]
    old.close()


def test_a_new_ledger_and_one_that_is_as_it_should_be_leave_no_copy(tmp_path: Path) -> None:
    for _ in range(2):
        connect(tmp_path / "hearth.db").close()
    assert {file.name for file in tmp_path.iterdir()} == {"hearth.db"}


def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = made_by_version(tmp_path, 2)
    with pytest.raises(apsw.SQLError):
        opened(path, (*MIGRATIONS, "CREATE TABLE half (x); CREATE TABLE half (x)"))
    old = apsw.Connection(str(path))
    assert old.pragma("user_version") == 2
    assert old.execute("SELECT count(*) FROM keys WHERE admin").fetchall() == [(1,)]
    old.close()


def test_many_processes_may_open_an_old_one_at_once(tmp_path: Path) -> None:
    path = made_by_version(tmp_path, 2)

    def names(_: int) -> list[str]:
        keys = Keys(path)
        found = [key.name for key in keys.all()]
        keys.close()
        return found

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(names, range(8))) == [["ada", "ben"]] * 8
