"""What those did who manage the appliance, and when. No secret is ever written here."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import apsw
import orjson

LOCAL: Final = "local"  # who has the files has the appliance


@dataclass(frozen=True, slots=True)
class Act:
    """`at` in unix seconds. `actor`: a key's id, or `LOCAL`, with a name after a colon."""

    number: int
    at: float
    actor: str
    act: str
    target: str
    details: Mapping[str, Any]


def note(db: apsw.Connection, actor: str, act: str, target: str, **details: Any) -> None:
    """In the transaction of the act itself, so that neither is there without the other."""
    db.execute(
        "INSERT INTO audit (at, actor, act, target, details) VALUES (?,?,?,?,?)",
        (time.time(), actor, act, target, orjson.dumps(details).decode()),
    )


def acts(db: apsw.Connection, most: int, before: int | None = None) -> list[Act]:
    """The newest `most` acts, newest first; `before` the one with this number."""
    rows = db.execute(
        "SELECT number, at, actor, act, target, details FROM audit "
        "WHERE ?1 IS NULL OR number < ?1 ORDER BY number DESC LIMIT ?2",
        (before, most),
    )
    return [
        Act(number, at, actor, act, target, orjson.loads(details))
        for number, at, actor, act, target, details in rows
    ]
