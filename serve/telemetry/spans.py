"""A finished request as spans of OpenTelemetry, in OTLP's JSON, with its attributes for generative
AI: one span for the request, under it one for each step and each attempt. No text that was said.

Ids follow from the request's id: nothing has to be drawn, and asking twice gives the same.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

from serve.receipt import Receipt

Span = dict[str, Any]
Value = str | bool | int | float | list[str] | None
Attributes = dict[str, Value]

SERVER: Final = 2
INTERNAL: Final = 1
CLIENT: Final = 3
ERROR: Final = 2
LARGEST: Final = 2**64 - 1
OPERATIONS: Final[Mapping[str, str]] = {
    "/v1/chat/completions": "chat",
    "/v1/completions": "text_completion",
    "/v1/embeddings": "embeddings",
    "/v1/vector_stores/{store}/search": "retrieval",
}
TRACEPARENT: Final = re.compile(
    rb"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?"
)


@dataclass(frozen=True, slots=True)
class Parent:
    """The client's span that a request belongs to. `sampled`: the client records its trace."""

    trace_id: str
    span_id: str
    sampled: bool


def parent_of(header: bytes | None) -> Parent | None:
    """By W3C's `traceparent`; None where there is none, or one that is not well formed."""
    found = TRACEPARENT.fullmatch(header) if header else None
    if found is None or (found[1] == b"00" and found[5] is not None):
        return None
    return Parent(found[2].decode(), found[3].decode(), bool(int(found[4], 16) & 1))


def count(receipt: Receipt) -> int:
    return 1 + len(receipt.steps) + len(receipt.attempts)


def trace_id(receipt: Receipt) -> str:
    """Of a request that no client's trace holds."""
    return _digest(receipt)[:32]


def spans(receipt: Receipt, parent: Parent | None) -> Iterator[Span]:
    """The request's own span first."""
    make = _Maker(receipt, parent)
    above = parent.span_id if parent else ""
    whole = make.span(_name(receipt), SERVER, (0.0, receipt.total_ms or 0.0), _told(receipt), above)
    if (receipt.status or 0) >= 500 or (receipt.error and receipt.status == 200):
        whole["status"] = {"code": ERROR}
    yield whole
    for step in receipt.steps:
        verdict: Attributes = {"hearth.verdict": step.verdict}
        yield make.span(step.name, INTERNAL, (step.at, step.ms), verdict)
    for attempt in receipt.attempts:
        told: Attributes = {"hearth.tier": attempt.tier, "error.type": attempt.error}
        tried = make.span(f"attempt {attempt.tier}", CLIENT, (attempt.at, attempt.ms), told)
        if attempt.error is not None:
            tried["status"] = {"code": ERROR}
        yield tried


class _Maker:
    def __init__(self, receipt: Receipt, parent: Parent | None) -> None:
        digest = _digest(receipt)
        self._trace = parent.trace_id if parent else digest[:32]
        self._root = digest[32:]
        self._next = int(self._root, 16)
        self._began = round(receipt.started_at * 1e6) * 1000

    def span(
        self,
        name: str,
        kind: int,
        time: tuple[float, float],
        attributes: Attributes,
        above: str | None = None,
    ) -> Span:
        """`time`: when it began and how long it took, in milliseconds."""
        number, self._next = self._next, self._next + 1
        began = self._began + int(time[0] * 1e6)
        return {
            "traceId": self._trace,
            "spanId": f"{number & LARGEST:016x}",
            "parentSpanId": self._root if above is None else above,
            "name": name,
            "kind": kind,
            "startTimeUnixNano": str(began),
            "endTimeUnixNano": str(began + int(time[1] * 1e6)),
            "attributes": [
                {"key": key, "value": _value(value)}
                for key, value in attributes.items()
                if value is not None
            ],
        }


def _digest(receipt: Receipt) -> str:
    """Hexadecimal digits: 32 for the trace, 16 for the request's span."""
    return blake2b(receipt.id.encode(), digest_size=24).hexdigest()


def _name(receipt: Receipt) -> str:
    operation = OPERATIONS.get(receipt.path)
    return f"{operation} {receipt.model}" if operation and receipt.model else receipt.path


def _told(receipt: Receipt) -> Attributes:
    told: Attributes = {
        "http.route": receipt.path,
        "http.response.status_code": receipt.status,
        "error.type": receipt.error,
        "user.id": receipt.key_id,
        "hearth.request_id": receipt.id,
        "hearth.tenant": receipt.tenant,
    }
    if (operation := OPERATIONS.get(receipt.path)) is not None:
        told |= {"gen_ai.operation.name": operation, "gen_ai.provider.name": "hearth"}
        told |= _generated(receipt)
    return told


def _generated(receipt: Receipt) -> Attributes:
    """Tokens are those that were generated for it: of an answer given again there are none."""
    used = receipt.usage if receipt.usage and not receipt.given_again else None
    first = receipt.ttft_ms if receipt.stream else None
    return {
        "gen_ai.request.model": receipt.model,
        "gen_ai.request.stream": receipt.stream,
        "gen_ai.response.model": receipt.model,
        "gen_ai.response.finish_reasons": receipt.finish_reason and [receipt.finish_reason],
        "gen_ai.response.time_to_first_chunk": None if first is None else first / 1000,
        "gen_ai.usage.input_tokens": used.prompt_tokens if used else None,
        "gen_ai.usage.output_tokens": used.completion_tokens if used else None,
        "gen_ai.usage.cache_read.input_tokens": used.cached_tokens if used else None,
        "hearth.tier": receipt.tier,
        "hearth.reason": receipt.reason,
        "hearth.cache": receipt.cache,
        "hearth.queue_ms": receipt.queue_ms if receipt.attempts else None,
        "hearth.sources": len(receipt.sources) or None,
        "hearth.continued": receipt.continued or None,
        "hearth.cost": receipt.cost or None,
    }


def _value(value: Value) -> dict[str, Any]:
    if isinstance(value, str):  # as most are
        return {"stringValue": value}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    return {"arrayValue": {"values": [_value(each) for each in value or ()]}}
