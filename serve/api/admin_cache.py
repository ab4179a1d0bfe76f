"""`/admin/cache`: what is kept of answers, how much it saves, and how it is emptied. For admins.

What was asked and answered is never shown, only whose it is, of what, and how old.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from index.caches.measured import Measured
from index.caches.memory import Scope, Stats, Summary
from index.errors import Conflict
from serve.api.call import Call, Response, as_json
from serve.api.lists import as_list, asked_of, whole
from serve.errors import BadRequest
from serve.ledger.keys import Key

SCOPE: Final = ("tenant", "model", "collection", "older_than")
MOST: Final = 1000  # entries of one page
_SECONDS: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,3})?")
FLAGS: Final = {"true": True, "false": False}


async def cache_stats(call: Call) -> Response:
    asked_of(call, ())
    return as_json(_stats_object(await call.house.answers.stats()))


async def cache_entries(call: Call) -> Response:
    """The newest first."""
    asked = asked_of(call, (*SCOPE, "limit"))
    limit = whole(asked, "limit", 100, MOST)
    found = await call.house.answers.entries(_scope(call, asked), limit + 1)
    names = _names(call.house.keys.all())
    return as_list([_entry_object(each, names) for each in found[:limit]], len(found) > limit)


async def flush_cache(call: Call) -> Response:
    """Everything that the query fits; with `dry_run=true` it only says how much that is."""
    asked = asked_of(call, (*SCOPE, "dry_run"))
    dry = asked.get("dry_run", "false")
    if dry not in FLAGS:
        raise BadRequest("Invalid 'dry_run': true or false.", "dry_run", "invalid_value")
    with call.receipt.step("flush"):
        count = await call.house.answers.flush(_scope(call, asked), FLAGS[dry])
    if not FLAGS[dry]:
        call.house.keys.record(call.actor, "cache.flush", "cache", entries=count, **asked)
    return as_json({"object": "cache.flush", "dry_run": FLAGS[dry], "entries": count})


def _scope(call: Call, asked: Mapping[str, str]) -> Scope:
    """Raises `BadRequest`, `Conflict`."""
    tenant = asked.get("tenant")
    return Scope(
        None if tenant is None else _tenant(call.house.keys.all(), tenant),
        asked.get("model"),
        asked.get("collection"),
        _seconds(asked["older_than"]) if "older_than" in asked else None,
    )


def _tenant(keys: list[Key], named: str) -> str:
    """`named` itself, or whose the keys of this id or name are, revoked or not."""
    tenants = {key.tenant for key in keys if named in (key.id, key.name, key.tenant)}
    if len(tenants) > 1:
        raise Conflict("Several tenants have keys of this name: give the id of one.")
    return tenants.pop() if tenants else named


def _seconds(text: str) -> float:
    if not _SECONDS.fullmatch(text):
        words = "Invalid 'older_than': seconds, 0 or more."
        raise BadRequest(words, "older_than", "invalid_value")
    return float(text)


def _names(keys: list[Key]) -> dict[str, str]:
    """Of each tenant's first key, which may be gone: answers are kept beyond it."""
    return {key.tenant: key.name for key in reversed(keys)}


def _stats_object(stats: Stats) -> dict[str, Any]:
    """Sizes in bytes, `ttl` in seconds."""
    stored = stats.stored
    return {
        "object": "cache.stats",
        "entries": stats.entries,
        "bytes": stats.size,
        "most_bytes": stats.most,
        "bytes_per_entry": round(stats.size / stats.entries) if stats.entries else None,
        "questions": {
            "entries": stats.questions,
            "bytes": stats.questions_size,
            "most_bytes": stats.questions_most,
        },
        "in_other_words": stats.measured and measured_object(stats.measured),
        "ttl": stats.ttl,
        "requests": stats.counts,
        "tokens_saved": stats.tokens_saved,
        "milliseconds_saved": round(stats.milliseconds_saved, 1),
        "file": stored and {"waiting": stored.waiting, "trouble": stored.trouble},
    }


def measured_object(measured: Measured) -> dict[str, Any]:
    """`wrong_at_most`: of all questions that were looked for, with 95 % confidence."""
    return asdict(measured) | {"wrong_at_most": measured.wrong_at_most}


def _entry_object(entry: Summary, names: Mapping[str, str]) -> dict[str, Any]:
    """`age` in seconds; `milliseconds`: what it took to make."""
    return {
        "id": entry.key,
        "object": "cache.entry",
        "tenant": entry.tenant,
        "name": names.get(entry.tenant),
        "model": entry.model,
        "tier": entry.tier,
        "collections": entry.collections,
        "age": round(entry.age, 1),
        "bytes": entry.size,
        "given_again": entry.asked,
        "tokens": entry.tokens,
        "milliseconds": round(entry.cost, 1),
    }
