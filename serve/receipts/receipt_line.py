"""A receipt as it is told: to its owner, as a line of the log, and in the file."""

from typing import Any

import orjson

from models.engine import Usage
from serve.receipt import Attempt, Receipt
from serve.receipts.outcome import Outcome, outcome_of
from serve.receipts.receipt_file import HOUR, Amount, Group, Row


def told(receipt: Receipt) -> dict[str, Any]:
    """Flat where it can be; orjson writes what is a dataclass in it as an object. It has no word of
    what was asked or answered.
    """
    usage = receipt.usage or Usage(0, 0)
    return {
        "request_id": receipt.id,
        "at": receipt.started_at,
        "path": receipt.path,
        "status": receipt.status,
        "error": receipt.error,
        "key": receipt.key_id,
        "tenant": receipt.tenant,
        "model": receipt.model,
        "tier": receipt.tier,
        "reason": receipt.reason,
        "stream": receipt.stream,
        "prompt_tokens": usage.prompt_tokens,
        "cached_tokens": usage.cached_tokens,
        "completion_tokens": usage.completion_tokens,
        "tokens_per_second": _pace(receipt),
        "cost": receipt.cost,
        "energy": receipt.energy,
        "finish_reason": receipt.finish_reason,
        "ttft_ms": _rounded(receipt.ttft_ms),
        "total_ms": _rounded(receipt.total_ms),
        "expected_wait_ms": _rounded(receipt.expected_wait_ms),
        "queue_ms": _rounded(receipt.queue_ms),
        "brownout": receipt.brownout,
        "continued": receipt.continued,
        **_of_cache(receipt),
        "forecast": [[round(f.expected, 1), f.came] for f in receipt.forecast],
        **_of_documents(receipt),
        "features": receipt.features,
        "filters": [[*found, count] for found, count in receipt.filters.items()],
        "steps": [[s.name, s.verdict, _rounded(s.at), _rounded(s.ms)] for s in receipt.steps],
        "attempts": [_attempt(each) for each in receipt.attempts],
    }


def _attempt(one: Attempt) -> list[Any]:
    """Later ones have more at the end: who reads them bears less."""
    times = _rounded(one.at), _rounded(one.ms), _rounded(one.queue), _rounded(one.load)
    return [one.tier, one.error, one.cause, *times, one.was, _rounded(one.first)]


def as_line(receipt: Receipt) -> bytes:
    return orjson.dumps(told(receipt))


def as_row(receipt: Receipt, line: bytes) -> Row:
    """`line`: what is told of it, as JSON."""
    again, usage = receipt.given_again, receipt.usage or Usage(0, 0)
    outcome = _outcome(receipt)
    return Row(
        receipt.id,
        Group(
            int(receipt.started_at // HOUR),
            receipt.key_id or "",
            receipt.tenant or "",
            receipt.path,
            receipt.model or "",
            receipt.tier or "",
        ),
        Amount(
            again=again,
            failed=outcome == "failed",
            input=0 if again else usage.prompt_tokens,
            cached=0 if again else usage.cached_tokens,
            output=0 if again else usage.completion_tokens,
            saved=usage.total_tokens if again else 0,
            money=receipt.cost,
            energy=receipt.energy,
            engine=sum(attempt.ms for attempt in receipt.attempts) / 1000,
            refused=outcome == "refused",
        ),
        line,
        receipt.texts.told() if receipt.texts else None,
    )


def _outcome(receipt: Receipt) -> Outcome:
    last = receipt.attempts[-1] if receipt.attempts else None
    cause = (last.cause or last.error) if last else None
    return outcome_of(receipt.status, receipt.error, cause)


def _of_cache(receipt: Receipt) -> dict[str, Any]:
    key, near = receipt.kept, receipt.neighbour
    return {
        "cache": receipt.cache,
        "cache_reason": receipt.cache_reason,
        "cache_age": _rounded(receipt.cache_age),
        "cache_key": key.hex() if key else None,
        "neighbour": [near[0].hex(), round(near[1], 3)] if near else None,
        "saved_ms": _rounded(receipt.saved_ms),
    }


def _of_documents(receipt: Receipt) -> dict[str, Any]:
    return {
        "sources": [
            {
                "number": source.number,
                "collection": source.collection,
                "document": source.document,
                "passages": source.passages,
                "page": source.page,
                "score": round(source.score, 3),
            }
            for source in receipt.sources
        ],
        "notes": receipt.notes,
        "citations": receipt.citations,
        "cited": [[number, said, round(score, 3), at] for number, said, score, at in receipt.cited],
    }


def _pace(receipt: Receipt) -> float | None:
    """Tokens per second: of a stream, after the first one."""
    if receipt.usage is None or receipt.given_again or receipt.last_ms is None:
        return None
    tokens, ms = receipt.usage.completion_tokens, receipt.last_ms
    if receipt.stream and receipt.ttft_ms is not None:
        tokens, ms = tokens - 1, ms - receipt.ttft_ms
    return round(tokens / ms * 1000, 1) if tokens > 0 and ms > 0 else None


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 3)
