"""How golden questions were answered, run by run, in a SQLite file that all gateways share."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

import apsw
import orjson

from index.errors import IndexRefusal, StorageBusy, StorageFailed
from models.sqlite_file import (
    PATIENCE,
    DatabaseDamaged,
    DatabaseRefused,
    opened,
    put_aside,
    writing,
)
from serve.policy.quality import Passed, Sets, Trend, compared

LOG = logging.getLogger("hearth.quality")

DAMAGED: Final = "The file of golden runs was damaged. It is set aside, and another one begun."
KEPT: Final = 100  # runs; a drop that lasts for all of them is what is usual
NOTES: Final = ("wished", "running", "trouble")

_MIGRATIONS: Final = (
    """
    CREATE TABLE runs (
        number   INTEGER PRIMARY KEY AUTOINCREMENT,
        began    REAL NOT NULL,
        ended    REAL NOT NULL,
        why      TEXT NOT NULL,
        identity TEXT NOT NULL,
        trends   TEXT NOT NULL
    ) STRICT;
    CREATE TABLE outcomes (
        run      INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
        place    INTEGER NOT NULL,
        question TEXT NOT NULL,
        asked    TEXT NOT NULL,
        set_name TEXT NOT NULL,
        passed   INTEGER,
        why      TEXT NOT NULL,
        model    TEXT,
        PRIMARY KEY (run, place)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE notes (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT
    """,
)

_PASSED: Final = """
    SELECT run, set_name, question, passed FROM outcomes JOIN runs ON runs.number = run
    WHERE passed NOT NULL AND {} ORDER BY run
"""
_GOOD: Final = """run < ? AND NOT json_extract(trends, '$."' || set_name || '".dropped')"""

Note = Literal["wished", "running", "trouble"]
Told = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one question. `question` is its id, `asked` its words. `passed` None: it could not be
    asked; `why` it did not pass, in words; `model` that answered.
    """

    question: str
    asked: str
    set: str
    passed: bool | None
    why: str = ""
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """`began` and `ended` in unix seconds; `why` it was made; `identity` of what was asked."""

    began: float
    ended: float
    why: str
    identity: str


class QualityFile:
    """At `path`, made when something is written. Safe for threads and processes. Everything but
    `latest` may raise `StorageBusy`, after `patience` milliseconds, and `StorageFailed`; a damaged
    file is set aside.
    """

    def __init__(self, path: Path, patience: int = PATIENCE) -> None:
        self._path = path
        self._patience = patience

    def add(self, run: Run, outcomes: Iterable[Outcome]) -> dict[str, Trend]:
        """Returns how the sets of this run are, compared with those before."""
        with self._opened() as db, writing(db):
            db.execute(
                "INSERT INTO runs (began, ended, why, identity, trends) VALUES (?, ?, ?, ?, '{}')",
                (run.began, run.ended, run.why, run.identity),
            )
            number = db.last_insert_rowid()
            db.executemany("INSERT INTO outcomes VALUES (?,?,?,?,?,?,?,?)", [
                (number, place, one.question, one.asked, one.set, one.passed, one.why, one.model)
                for place, one in enumerate(outcomes)
            ])  # fmt: skip
            db.execute("DELETE FROM runs WHERE number <= ?", (number - KEPT,))
            found = compared(_sets(db, number), _good(db, number))
            told = orjson.dumps({name: asdict(trend) for name, trend in found.items()}).decode()
            db.execute("UPDATE runs SET trends = ? WHERE number = ?", (told, number))
        return found

    def forget(self) -> int:
        """All runs: the next one is the first. Returns how many there were."""
        with self._opened() as db:
            db.execute("DELETE FROM runs")
            return db.changes()

    def note(self, name: Note, value: str) -> None:
        """For all gateways to see; without a `value` it is gone."""
        with self._opened() as db:
            db.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (name, value))

    def notes(self) -> dict[str, str]:
        with self._opened() as db:
            known = dict(db.execute("SELECT name, value FROM notes"))
        return {name: str(known.get(name, "")) for name in NOTES}

    def runs(self, limit: int = KEPT) -> list[Told]:
        """The newest first."""
        query = "SELECT began, ended, why, identity, trends FROM runs ORDER BY number DESC LIMIT ?"
        with self._opened() as db:
            rows = list(db.execute(query, (limit,)))
        return [
            {"began": began, "ended": ended, "why": why, "identity": identity,
             "sets": orjson.loads(told)}
            for began, ended, why, identity, told in rows
        ]  # fmt: skip

    def outcomes(self) -> list[Told]:
        """Of the last run, in the order in which questions were asked."""
        query = """
            SELECT question, asked, set_name, passed, why, model FROM outcomes
            WHERE run = (SELECT max(number) FROM runs) ORDER BY place
        """
        with self._opened() as db:
            rows = list(db.execute(query))
        return [
            {"id": question, "question": asked, "set": name,
             "passed": None if passed is None else bool(passed), "why": why, "model": model}
            for question, asked, name, passed, why, model in rows
        ]  # fmt: skip

    def latest(self) -> dict[str, Trend]:
        """How each set of the last run is; none where the file is not there or cannot be read."""
        if not self._path.exists():
            return {}
        try:
            last = self.runs(1)
        except IndexRefusal as exc:
            LOG.debug("no trends of golden questions: %s", exc)
            return {}
        return {name: Trend(**told) for name, told in last[0]["sets"].items()} if last else {}

    @contextmanager
    def _opened(self) -> Iterator[apsw.Connection]:
        inode = self._inode()
        try:
            with closing(opened(self._path, _MIGRATIONS, self._patience)) as db:
                db.execute("PRAGMA foreign_keys = ON")
                yield db
        except apsw.BusyError as exc:
            raise StorageBusy("The golden runs are in use at present. Try again soon.") from exc
        except (DatabaseDamaged, apsw.CorruptError) as exc:
            self._set_aside(inode)
            raise StorageFailed(DAMAGED) from exc
        except (DatabaseRefused, apsw.Error) as exc:
            raise StorageFailed("The golden runs cannot be read or written at present.") from exc

    def _inode(self) -> int | None:
        with suppress(FileNotFoundError):
            return self._path.stat().st_ino
        return None

    def _set_aside(self, inode: int | None) -> None:
        """Where no other process did so before."""
        if inode is not None and inode == self._inode():
            LOG.error("The file of golden runs is damaged: it is set aside, a new one is begun.")
            put_aside(self._path)


def _sets(db: apsw.Connection, run: int) -> Sets:
    found = dict[str, dict[str, bool]]()
    for _, name, question, passed in db.execute(_PASSED.format("run = ?"), (run,)):
        found.setdefault(name, {})[question] = bool(passed)
    return found


def _good(db: apsw.Connection, before: int) -> dict[str, list[Passed]]:
    """By set, the runs that were no drop; the oldest first."""
    found = dict[str, dict[int, dict[str, bool]]]()
    for run, name, question, passed in db.execute(_PASSED.format(_GOOD), (before,)):
        found.setdefault(name, {}).setdefault(run, {})[question] = bool(passed)
    return {name: list(runs.values()) for name, runs in found.items()}
