"""What chat and legacy completions share: prompts of one request to chunks, chunks to an answer.

Each endpoint says how its answer is spelled with an `Encoder`; everything else is the same.
"""

import hashlib
import math
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, Protocol

import orjson

from models.engine import Chunk, ChunkStream, Prompt, Sampling, Usage, merge
from serve.api.call import Call, Response, as_json
from serve.api.events import send_events
from serve.api.permission import payers_of
from serve.api.schema_sampling import SamplingFields
from serve.errors import BadRequest
from serve.policy.freshness import KNOWN, Freshness
from serve.receipt import Reference
from serve.receipts.texts import Texts
from serve.request import Request

QUALITY = "x-hearth-quality"
LOWEST_LOGPROB = -9999.0  # OpenAI's stand-in for "practically impossible"; JSON has no -inf


@dataclass(frozen=True, slots=True)
class Head:
    """What every part of one answer repeats. `created` in unix seconds."""

    id: str
    created: int
    model: str
    fingerprint: str
    sources: tuple[Reference, ...] = ()

    @classmethod
    def of(cls, call: Call) -> "Head":
        """Known once the pipeline has chosen who answers, which may be nobody."""
        receipt = call.receipt
        engine = call.house.tiers.get(receipt.tier or "")
        revision = hashlib.sha256((engine.card.revision if engine else "").encode()).hexdigest()
        return cls(
            receipt.id.removeprefix("req_"),
            int(receipt.started_at),
            receipt.model or "none",
            f"fp_{revision[:10]}",
            receipt.sources,
        )


class Encoder(Protocol):
    """Spells one answer."""

    def event(self, chunk: Chunk) -> bytes:
        """The server-sent events of one chunk; none at all when it has nothing to tell."""

    def usage_event(self, usage: Usage) -> bytes: ...

    def body(self, choices: Sequence[Chunk], usage: Usage) -> dict[str, Any]: ...


MakeEncoder = Callable[[Head], Encoder]


def request_of(call: Call, asked: SamplingFields, prompts: Sequence[Prompt]) -> Request:
    """Raises `BadRequest` for a dial that is none."""
    models = call.rights.models
    quality = call.headers.only(QUALITY.encode())
    return Request(
        asked.model,
        tuple(prompts),
        bool(asked.stream),
        asked.unset,
        None if quality is None else _dial(quality),
        wish=_wish(call, asked.cache or ""),
        models=None if models is None else tuple(models),
        payers=payers_of(call),
        filters=call.rights.filters,
    )


def _wish(call: Call, field: str) -> Freshness:
    """What the key, the header and the field `cache` say, together.

    Raises `BadRequest` for a field that is none.
    """
    header = b",".join(call.headers.all(b"cache-control")).decode("latin-1")
    try:
        asked = Freshness().limited(header, strict=False).limited(field)
    except ValueError as exc:
        words = f"'cache' may be made of {KNOWN}, with commas between them, but not {exc}."
        raise BadRequest(words, "cache", "invalid_value") from None
    return asked.within(call.rights.cache)


def _dial(text: bytes) -> float:
    """`x-hearth-quality`: this request's place between the cheapest and the strongest tier."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise BadRequest(f"{QUALITY} must be a number from 0 to 1.", QUALITY, "invalid_value")
    return value


def choices_of(prompt: Prompt, n: int, first: int = 0) -> list[Prompt]:
    """`n` prompts for as many choices: own ids, and seeds that differ but repeat."""
    return [
        replace(
            prompt,
            request_id=f"{prompt.request_id}-{first + i}",
            sampling=_reseeded(prompt.sampling, i),
        )
        for i in range(n)
    ]


def _reseeded(sampling: Sampling, by: int) -> Sampling:
    return sampling if sampling.seed is None else replace(sampling, seed=sampling.seed + by)


async def answer(
    call: Call, request: Request, make: MakeEncoder, include_usage: bool
) -> Response | None:
    """The complete answer, or None when it was streamed."""
    if call.house.settings.receipts.texts:
        call.receipt.texts = Texts(request.prompts)
    chunks = call.house.pipeline.answer(request, call.receipt)
    if request.stream:
        events = _events(call, chunks, make, include_usage)
        await call.unless_gone(send_events(call, events))
        return None
    choices = await call.unless_gone(_collected(chunks, len(request.prompts)))
    encoder = make(Head.of(call))
    return as_json(encoder.body(choices, call.receipt.usage or Usage(0, 0)))


async def _collected(chunks: ChunkStream, count: int) -> list[Chunk]:
    """One merged chunk per choice."""
    choices: list[list[Chunk]] = [[] for _ in range(count)]
    async with aclosing(chunks):
        async for chunk in chunks:
            choices[chunk.index].append(chunk)
    return [merge(choice) for choice in choices]


async def _events(
    call: Call, chunks: ChunkStream, make: MakeEncoder, include_usage: bool
) -> AsyncGenerator[bytes, None]:
    encoder: Encoder | None = None
    async with aclosing(chunks):
        async for chunk in chunks:
            encoder = encoder or make(Head.of(call))
            if event := encoder.event(chunk):
                yield event
    if encoder and include_usage:
        yield encoder.usage_event(call.receipt.usage or Usage(0, 0))


def usage_object(usage: Usage) -> dict[str, Any]:
    """OpenAI's `usage`."""
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def event_bytes(prefix: bytes, choices: bytes, suffix: bytes) -> bytes:
    """One event from parts that are JSON already; `prefix` and `suffix` are made once."""
    return b"data: %b%b%b\n\n" % (prefix, choices, suffix)


def event_frame(head: Head, prefix: str, kind: str, include_usage: bool) -> tuple[bytes, bytes]:
    """What stands before and after the choices of every event of one answer."""
    fields = orjson.dumps(
        {
            "id": f"{prefix}-{head.id}",
            "object": kind,
            "created": head.created,
            "model": head.model,
            "system_fingerprint": head.fingerprint,
        }
    )
    usage = b',"usage":null' if include_usage else b""
    return b'%b,"choices":[' % fields[:-1], b"]%b}" % usage
