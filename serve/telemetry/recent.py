"""The essence of the last minutes, from receipts as they are kept."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import orjson

from serve.receipts.outcome import told_outcome

GIVEN_AGAIN: Final = frozenset({"hit", "similar", "joined"})


@dataclass(frozen=True, slots=True)
class Recent:
    """Of the last `seconds`. Times in milliseconds to the first token, None where there was none;
    `cached`: the share of the answers looked for in the cache that came from it; `refused` and
    `failed` as outcomes are.
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
    ended = Counter(map(told_outcome, told))
    made = sum(one["completion_tokens"] for one in told if one["cache"] not in GIVEN_AGAIN)
    return Recent(
        seconds=seconds,
        requests_per_minute=60 * len(told) / seconds,
        ttft_p50_ms=quantile(first, 0.5),
        ttft_p95_ms=quantile(first, 0.95),
        tokens_per_second=made / seconds,
        cached=sum(each in GIVEN_AGAIN for each in asked) / len(asked) if asked else None,
        refused=ended["refused"],
        failed=ended["failed"],
    )


def quantile(ordered: list[float], share: float) -> float | None:
    """None of none."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None
