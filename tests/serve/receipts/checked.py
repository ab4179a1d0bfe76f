"""Whether receipts say what happened, and usage what they say."""

from contextlib import closing
from typing import Any

import httpx

from serve.config import Settings
from serve.receipts.receipt_file import known
from serve.receipts.usage import Span, usage


def explains(receipt: dict[str, Any], answer: httpx.Response) -> bool:
    """What a caller saw of a chat, and why: an answer of the tier small, or a limit."""
    steps = {step: verdict for step, verdict, *_ in receipt["steps"]}
    if answer.status_code == 200:
        used = answer.json()["usage"]
        tokens = receipt["prompt_tokens"], receipt["completion_tokens"]
        why = receipt["tier"] == "small" and receipt["reason"] == "named" and "generate" in steps
        return why and tokens == (used["prompt_tokens"], used["completion_tokens"])
    refused = (receipt["status"], receipt["error"], steps.get("limits"))
    return refused == (429, "rate_limit_exceeded", "RateLimited") and receipt["attempts"] == []


def adds_up(settings: Settings, receipts: list[dict[str, Any]]) -> bool:
    """Whether the usage of their keys is what these receipts say, to the token."""
    with closing(known(settings.receipts_file)) as db:
        rows = usage(db, "key", Span(), ["small"], settings.cost).rows
    names = {one["key"] for one in receipts}
    used = {row.name: row.amount for row in rows if row.name in names}
    told = {name: [one for one in receipts if one["key"] == name] for name in names}
    return {
        name: (each.requests, each.refused, each.failed, each.input, each.output)
        for name, each in used.items()
    } == {
        name: (
            len(mine),
            sum(400 <= one["status"] < 500 for one in mine),
            sum(one["status"] >= 500 for one in mine),
            sum(one["prompt_tokens"] for one in mine),
            sum(one["completion_tokens"] for one in mine),
        )
        for name, mine in told.items()
    }
