"""`POST /v1/completions`."""

from collections.abc import Sequence
from typing import Any

import orjson

from models.engine import Chunk, Prompt, Usage
from serve.api.call import Call, Response
from serve.api.generation import (
    LOWEST_LOGPROB,
    Head,
    answer,
    choices_of,
    event_bytes,
    event_frame,
    request_of,
    usage_object,
)
from serve.api.schema import validated
from serve.api.schema_completions import CompletionRequest


async def completions(call: Call) -> Response | None:
    document = await call.document()
    limits = call.house.settings.limits
    asked = validated(CompletionRequest, document, limits).checked(limits)
    request = request_of(call, asked, _prompts(call, asked))
    call.receipt.choices_per_prompt = asked.n or 1
    include_usage = asked.include_usage
    return await answer(
        call, request, lambda head: CompletionEncoder(head, include_usage), include_usage
    )


def _prompts(call: Call, asked: CompletionRequest) -> list[Prompt]:
    """`n` choices of the first prompt, then of the second, and so on: OpenAI's order."""
    n = asked.n or 1
    sampling = asked.sampling(asked.output_limit, asked.logprobs)
    timeout = call.house.settings.deadlines.answer
    return [
        choice
        for position, text in enumerate(asked.prompt)
        for choice in choices_of(
            Prompt(call.receipt.id, call.tenant, text, sampling, timeout=timeout), n, position * n
        )
    ]


class CompletionEncoder:
    """OpenAI's text completion and its chunks, which have the same shape."""

    def __init__(self, head: Head, include_usage: bool) -> None:
        self._head = head
        self._before, self._after = event_frame(head, "cmpl", "text_completion", include_usage)
        self._written: dict[int, int] = {}

    def event(self, chunk: Chunk) -> bytes:
        if not (chunk.text or chunk.logprobs or chunk.finish_reason):
            return b""
        choice = orjson.dumps(self._choice(chunk.index, chunk))
        return event_bytes(self._before, choice, self._after)

    def usage_event(self, usage: Usage) -> bytes:
        after = b'],"usage":%b}' % orjson.dumps(usage_object(usage))
        return event_bytes(self._before, b"", after)

    def body(self, choices: Sequence[Chunk], usage: Usage) -> dict[str, Any]:
        return {
            "id": f"cmpl-{self._head.id}",
            "object": "text_completion",
            "created": self._head.created,
            "model": self._head.model,
            "choices": [self._choice(index, choice) for index, choice in enumerate(choices)],
            "usage": usage_object(usage),
            "system_fingerprint": self._head.fingerprint,
        }

    def _choice(self, index: int, chunk: Chunk) -> dict[str, Any]:
        offset = self._written.get(index, 0)
        self._written[index] = offset + len(chunk.text)
        return {
            "text": chunk.text,
            "index": index,
            "logprobs": _logprobs(chunk, offset),
            "finish_reason": chunk.finish_reason,
        }


def _logprobs(chunk: Chunk, offset: int) -> dict[str, Any] | None:
    """`offset`: characters of the answer before this chunk."""
    if not chunk.logprobs:
        return None
    offsets = []
    for one in chunk.logprobs:
        offsets.append(offset)
        offset += len(one.token)
    return {
        "tokens": [one.token for one in chunk.logprobs],
        "token_logprobs": [max(one.logprob, LOWEST_LOGPROB) for one in chunk.logprobs],
        "top_logprobs": [
            {top.token: max(top.logprob, LOWEST_LOGPROB) for top in one.top}
            for one in chunk.logprobs
        ],
        "text_offset": offsets,
    }
