"""A receipt in short: what a list shows of it, and what is added up of many."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import apsw

from serve.receipts.outcome import Outcome, outcome_of

# JSON is read once for each receipt, so that every further question finds its place in it at once.
LOOKED: Final = """
    WITH parsed AS MATERIALIZED (SELECT id, jsonb(receipt) AS told FROM receipts WHERE {}),
    looked AS (
        SELECT id, told, CASE WHEN (told ->> 'status') >= 400 OR (told ->> 'error') IS NOT NULL
            THEN coalesce(
                told ->> '$.attempts[#-1][2]', told ->> '$.attempts[#-1][1]', told ->> 'error'
            ) END AS cause
        FROM parsed
    )
"""
_SHORTS: Final = """
    SELECT id, cause, told ->> 'at', told ->> 'key', told ->> 'tenant', told ->> 'model',
        told ->> 'tier', told ->> 'path', told ->> 'status', told ->> 'cache',
        told ->> 'queue_ms', told ->> 'ttft_ms', told ->> 'total_ms', told ->> 'prompt_tokens',
        told ->> 'cached_tokens', told ->> 'completion_tokens', told ->> 'cost', told ->> 'energy',
        told ->> 'stream', told ->> 'tokens_per_second', told ->> 'error'
    FROM looked
"""


class Short(NamedTuple):
    """`cause`: the class of what came first in the last attempt, else the code of the error; None
    where all went well. `queue`, `ttft` and `total` in milliseconds, `energy` in watt-hours;
    `pace` in tokens per second, of a stream after the first. `error`: the code that went out.
    """

    id: str
    cause: str | None
    at: float
    key: str | None
    tenant: str | None
    model: str | None
    tier: str | None
    route: str
    status: int | None
    cache: str | None
    queue: float
    ttft: float | None
    total: float | None
    input: int
    cached: int
    output: int
    cost: float
    energy: float
    stream: int
    pace: float | None
    error: str | None

    @property
    def outcome(self) -> Outcome:
        return outcome_of(self.status, self.error, self.cause)


def shorts(db: apsw.Connection, where: str, asked: Mapping[str, Any]) -> Iterator[Short]:
    """Of those for which `where` holds: SQL over the columns, in which `asked` has the values."""
    return map(Short._make, db.execute(LOOKED.format(where) + _SHORTS, asked))


def short_object(row: Short, names: Mapping[str, str]) -> dict[str, Any]:
    """JSON-ready, in seconds. `names` of keys by their ids."""
    return {
        "id": row.id,
        "object": "receipt.short",
        "at": row.at,
        "key": row.key,
        "key_name": names.get(row.key or ""),
        "tenant": row.tenant,
        "model": row.model,
        "tier": row.tier,
        "route": row.route,
        "status": row.status,
        "outcome": row.outcome,
        "error": row.error,
        "cause": row.cause,
        "cache": row.cache,
        "queue": _seconds(row.queue),
        "ttft": _seconds(row.ttft),
        "total": _seconds(row.total),
        "stream": bool(row.stream),
        "tokens_per_second": row.pace,
        "input_tokens": row.input,
        "cached_tokens": row.cached,
        "output_tokens": row.output,
        "cost": row.cost,
        "energy": row.energy,
    }


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(milliseconds / 1000, 6)
