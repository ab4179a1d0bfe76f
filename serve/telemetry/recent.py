"""The essence of the last minutes, from receipts as they are kept."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import orjson

GIVEN_AGAIN: Final = frozenset({"hit", "similar", "joined"})
CLIENT_LEFT: Final = 499


@dataclass(frozen=True, slots=True)
class Recent:
    """Of the last `seconds`. Times in milliseconds to the first token, None where there was none;
    `cached`: the share of the answers looked for in the cache that came from it; `refused` for
    what clients did or for lack of room, `failed` for the appliance's own troubles.
    """

    seconds: float
    requests_per_minute: float
    ttft_p50_ms: float | None
    ttft_p95_ms: float | None
    tokens_per_second: float
    cached: float | None
    refused: int
    failed: int


def recent(receipts: Iterable[bytes], seconds: float) -> Recent:
    """`receipts` as JSON, all of the last `seconds`."""
    told: list[dict[str, Any]] = [orjson.loads(receipt) for receipt in receipts]
    first = sorted(one["ttft_ms"] for one in told if one["ttft_ms"] is not None)
    asked = [one["cache"] for one in told if one["cache"] == "miss" or one["cache"] in GIVEN_AGAIN]
    made = sum(one["completion_tokens"] for one in told if one["cache"] not in GIVEN_AGAIN)
    return Recent(
        seconds=seconds,
        requests_per_minute=60 * len(told) / seconds,
        ttft_p50_ms=quantile(first, 0.5),
        ttft_p95_ms=quantile(first, 0.95),
        tokens_per_second=made / seconds,
        cached=sum(each in GIVEN_AGAIN for each in asked) / len(asked) if asked else None,
        refused=sum(map(_is_refused, told)),
        failed=sum(map(_has_failed, told)),
    )


def _is_refused(told: dict[str, Any]) -> bool:
    status = told["status"] or 0
    return 400 <= status < 500 and status != CLIENT_LEFT


def _has_failed(told: dict[str, Any]) -> bool:
    status = told["status"] or 0
    return status >= 500 or (status < 400 and told["error"] is not None)


def quantile(ordered: list[float], share: float) -> float | None:
    """None of none."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None
