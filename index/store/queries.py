"""Asking SQLite, whose types are known only to whoever wrote the statement."""

from collections.abc import Iterator
from typing import Any

import apsw


def rows(db: apsw.Connection, sql: str, asked: Any = None) -> Iterator[tuple[Any, ...]]:
    yield from db.execute(sql, asked)


def all_rows(db: apsw.Connection, sql: str, asked: Any = None) -> list[tuple[Any, ...]]:
    """At once, for whoever changes what was asked for."""
    return list(rows(db, sql, asked))


def one_row(db: apsw.Connection, sql: str, asked: Any = None) -> tuple[Any, ...]:
    """The first; there must be one."""
    return next(rows(db, sql, asked))
