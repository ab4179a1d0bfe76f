"""Receipts as an owner looks through them: a page at a time, each in short.

Ids are in the order of time, so a page is looked for from its newest id downwards. What is asked
of the JSON has no index: each of the receipts looked at costs some microseconds, so that no more
than `LOOK` are looked at for one page, and none after `PATIENCE`; the next page goes on from there.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, cast

import apsw
import orjson

from serve.receipt import id_at
from serve.receipts.outcome import Outcome, outcome_of
from serve.receipts.short import LOOKED, Short, shorts

LOOK: Final = 50_000  # receipts looked at for one page
STEP: Final = 5000  # of them, at a time
PATIENCE: Final = 0.6  # seconds
END: Final = "~"  # beyond every id

Clock = Callable[[], float]

_RANGE: Final = "id >= :lowest AND id < :before AND (:text IS NULL OR instr(id, :text))"
_IDS: Final = "id IN (SELECT value FROM json_each(:ids))"
_BOUNDS: Final = """
    SELECT count(*), min(id) FROM (
        SELECT id FROM receipts WHERE {} ORDER BY id DESC LIMIT :step
    )
"""
_FOUND: Final = """
    SELECT told ->> 'total_ms', id FROM looked
    WHERE (:outcome IS NULL
            OR outcome(told ->> 'status', told ->> 'error', cause) = :outcome)
        AND (:cause IS NULL OR cause = :cause)
        AND (:tenant IS NULL OR told ->> 'tenant' = :tenant)
        AND (:model IS NULL OR told ->> 'model' = :model)
        AND (:tier IS NULL OR told ->> 'tier' = :tier)
        AND (:routes IS NULL OR told ->> 'path' IN (SELECT value FROM json_each(:routes)))
        AND (:cache IS NULL OR told ->> 'cache' = :cache)
        AND (:keys IS NULL OR told ->> 'key' IN (SELECT value FROM json_each(:keys)))
    ORDER BY CASE WHEN :slowest THEN told ->> 'total_ms' END DESC, id DESC LIMIT :most
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which receipts: None means any. Times in unix seconds, `keys` their ids, `text` a part of
    the receipt's id; `after`: those before this id only.
    """

    since: float = 0.0
    until: float | None = None
    keys: tuple[str, ...] | None = None
    tenant: str | None = None
    model: str | None = None
    tier: str | None = None
    routes: tuple[str, ...] | None = None
    outcome: Outcome | None = None
    cause: str | None = None
    cache: str | None = None
    text: str | None = None
    after: str | None = None
    slowest: bool = False
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Page:
    """`next`: the id to go on after, None at the end. Not `complete`: after so many `looked` at,
    the rest was left alone.
    """

    rows: list[Short]
    next: str | None
    complete: bool
    looked: int


def page(
    db: apsw.Connection, wanted: Wanted, look: int = LOOK, clock: Clock = time.monotonic
) -> Page:
    """The newest first, or the slowest of all that may be looked at: then there is one page.
    `clock` in seconds.
    """
    db.create_scalar_function("outcome", cast(Any, outcome_of), 3, deterministic=True)
    asked, found = _asked(wanted), list[tuple[float, str]]()
    looked, at_end, ends = 0, False, clock() + PATIENCE
    while not at_end and looked < look and clock() < ends:
        if len(found) > wanted.limit and not wanted.slowest:
            break
        ((count, lowest),) = db.execute(_BOUNDS.format(_RANGE), asked)
        if lowest is not None:
            found += db.execute(LOOKED.format(_RANGE) + _FOUND, asked | {"lowest": lowest})
            asked["before"] = lowest
        looked, at_end = looked + count, count < STEP
    if wanted.slowest:
        found.sort(key=lambda one: one[0] or 0.0, reverse=True)
    ids = [name for _, name in found[: wanted.limit]]
    found_rows = shorts(db, _IDS, {"ids": orjson.dumps(ids).decode()})
    rows = sorted(found_rows, key=lambda row: ids.index(row.id))
    if wanted.slowest:
        return Page(rows, None, at_end, looked)
    if len(found) > wanted.limit:
        return Page(rows, ids[-1], True, looked)
    return Page(rows, None if at_end else asked["before"], at_end, looked)


def _asked(wanted: Wanted) -> dict[str, Any]:
    """As bound to the statements."""
    until = END if wanted.until is None else id_at(wanted.until)
    plain = ("tenant", "model", "tier", "outcome", "cause", "cache", "text", "slowest")
    return {name: getattr(wanted, name) for name in plain} | {
        "lowest": id_at(wanted.since),
        "before": min(until, wanted.after or END),
        "keys": _listed(wanted.keys),
        "routes": _listed(wanted.routes),
        "most": wanted.limit + 1,
        "step": STEP,
    }


def _listed(names: tuple[str, ...] | None) -> str | None:
    return None if names is None else orjson.dumps(names).decode()
