"""`/admin/receipts`: what happened to requests, a page at a time. For admins."""

from collections.abc import Mapping
from typing import Any, Final

from serve.api.call import Call, Response, as_json
from serve.api.lists import asked_of, moment, one_of, whole
from serve.api.receipts import asked_of_file
from serve.errors import BadRequest
from serve.ledger.keys import Key
from serve.receipts.listing import Wanted, page
from serve.receipts.outcome import OUTCOMES
from serve.receipts.short import short_object
from serve.receipts.window import ANSWERS

FIELDS: Final = ("tenant", "model", "tier", "cause", "cache", "text", "after")
ASKED: Final = (*FIELDS, "route", "since", "until", "key", "status", "sort", "limit")
ANY: Final = "any"
SORTS: Final = ("newest", "slowest")
MOST: Final = 200
ALL_ANSWERS: Final = "answers"  # what stands for the routes of `ANSWERS` together


async def receipts(call: Call) -> Response:
    """Not `complete`, where the rest would have taken too long: `next` goes on from there."""
    asked = asked_of(call, ASKED)
    keys = call.house.keys.all()
    wanted = _wanted(asked, keys)
    found = await asked_of_file(call, lambda db: page(db, wanted))
    names = {key.id: key.name for key in keys}
    return as_json(
        {
            "object": "list",
            "data": [short_object(row, names) for row in found.rows],
            "next": found.next,
            "complete": found.complete,
            "looked_at": found.looked,
        }
    )


def _wanted(asked: Mapping[str, str], keys: list[Key]) -> Wanted:
    """Raises `BadRequest`."""
    slowest = one_of(asked, "sort", SORTS, "newest") == "slowest"
    status: Any = one_of(asked, "status", (ANY, *OUTCOMES), ANY)
    if slowest and "after" in asked:
        raise BadRequest("'after' goes on with the newest only.", "after", "invalid_value")
    return Wanted(
        since=moment(asked, "since") or 0.0,
        until=moment(asked, "until"),
        keys=_ids(keys, asked["key"]) if "key" in asked else None,
        routes=_routes(asked.get("route")),
        outcome=None if status == ANY else status,
        slowest=slowest,
        limit=whole(asked, "limit", 50, MOST),
        **{name: asked.get(name) for name in FIELDS},
    )


def _routes(named: str | None) -> tuple[str, ...] | None:
    if named is None:
        return None
    return ANSWERS if named == ALL_ANSWERS else (named,)


def _ids(keys: list[Key], named: str) -> tuple[str, ...]:
    """Of all keys that ever had this name, or this id."""
    return tuple(key.id for key in keys if named in (key.id, key.name))
