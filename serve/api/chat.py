"""`POST /v1/chat/completions`."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson

from models.engine import CallDelta, Chunk, Prompt, TokenLogprob, Usage
from serve.api.call import Call, Response
from serve.api.citations import citations_json, sources_json
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
from serve.api.schema_chat import ChatRequest


async def chat(call: Call) -> Response | None:
    document = await call.document()
    limits = call.house.settings.limits
    asked = validated(ChatRequest, document, limits).checked(limits)
    prompts = choices_of(_prompt(call, asked), asked.n or 1)
    call.receipt.choices_per_prompt = len(prompts)
    request = replace(
        request_of(call, asked, prompts), documents=asked.documents(), reader=call.reader
    )
    include_usage = asked.include_usage
    return await answer(call, request, lambda head: ChatEncoder(head, include_usage), include_usage)


def _prompt(call: Call, asked: ChatRequest) -> Prompt:
    return Prompt(
        request_id=call.receipt.id,
        tenant=call.tenant,
        input=asked.conversation(),
        sampling=asked.sampling(
            asked.output_limit, (asked.top_logprobs or 0) if asked.logprobs else None
        ),
        format=asked.format(),
        tools=asked.tool_specs(),
        tool_choice=asked.choice_of_tool(),
        timeout=call.house.settings.deadlines.answer,
        begun=asked.begun,
    )


class ChatEncoder:
    """OpenAI's chat completion and its chunks; thoughts are `reasoning_content`, as at DeepSeek."""

    def __init__(self, head: Head, include_usage: bool) -> None:
        self._head = head
        self._before, self._after = event_frame(
            head, "chatcmpl", "chat.completion.chunk", include_usage
        )
        self._begun: set[int] = set()
        told = orjson.dumps(sources_json(head.sources)) if head.sources else b""
        self._sources = b',"sources":' + told if told else b""

    def event(self, chunk: Chunk) -> bytes:
        events = b""
        if chunk.index not in self._begun:
            self._begun.add(chunk.index)
            content = b"null" if chunk.calls and not chunk.text else b'""'
            first = b'{"role":"assistant","content":%b,"refusal":null}' % content
            events = self._event(chunk.index, first)
        logprobs = _logprobs_json(chunk.logprobs)
        if chunk.reasoning:
            delta = b'{"reasoning_content":%b}' % orjson.dumps(chunk.reasoning)
            events += self._event(chunk.index, delta, b"null" if chunk.text else logprobs)
        if chunk.text or (chunk.logprobs and not chunk.reasoning):
            delta = b'{"content":%b}' % orjson.dumps(chunk.text)
            events += self._event(chunk.index, delta, logprobs)
        if chunk.citations:
            delta = b'{"citations":%b}' % orjson.dumps(citations_json(chunk.citations))
            events += self._event(chunk.index, delta)
        for call in chunk.calls:
            events += self._event(chunk.index, orjson.dumps({"tool_calls": [_call_delta(call)]}))
        if chunk.finish_reason:
            events += self._event(chunk.index, b"{}", finish=b'"%b"' % chunk.finish_reason.encode())
        return events

    def _event(
        self, index: int, delta: bytes, logprobs: bytes = b"null", finish: bytes = b"null"
    ) -> bytes:
        """The first event of all tells what the answer was given from documents."""
        choice = b'{"index":%d,"delta":%b,"logprobs":%b,"finish_reason":%b}'
        sources, self._sources = self._sources, b""
        after = b"]" + sources + self._after[1:]
        return event_bytes(self._before, choice % (index, delta, logprobs, finish), after)

    def usage_event(self, usage: Usage) -> bytes:
        after = b'],"usage":%b}' % orjson.dumps(usage_object(usage))
        return event_bytes(self._before, b"", after)

    def body(self, choices: Sequence[Chunk], usage: Usage) -> dict[str, Any]:
        return {
            "id": f"chatcmpl-{self._head.id}",
            "object": "chat.completion",
            "created": self._head.created,
            "model": self._head.model,
            "choices": [_choice(index, choice) for index, choice in enumerate(choices)],
            "usage": usage_object(usage),
            "service_tier": "default",
            "system_fingerprint": self._head.fingerprint,
            **({"sources": sources_json(self._head.sources)} if self._head.sources else {}),
        }


def _choice(index: int, chunk: Chunk) -> dict[str, Any]:
    message: dict[str, Any] = {
        "role": "assistant",
        "content": chunk.text if chunk.text or not chunk.calls else None,
        "refusal": None,
        "annotations": [],
    }
    if chunk.reasoning:
        message["reasoning_content"] = chunk.reasoning
    if chunk.citations:
        message["citations"] = citations_json(chunk.citations)
    if chunk.calls:
        message["tool_calls"] = [_called(call) for call in chunk.calls]
    return {
        "index": index,
        "message": message,
        "logprobs": _logprobs(chunk.logprobs),
        "finish_reason": chunk.finish_reason,
    }


def _called(call: CallDelta) -> dict[str, Any]:
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": call.id, "type": "function", "function": function}


def _call_delta(call: CallDelta) -> dict[str, Any]:
    if call.name is None:
        return {"index": call.index, "function": {"arguments": call.arguments}}
    return {"index": call.index, **_called(call)}


def _logprobs_json(logprobs: Sequence[TokenLogprob]) -> bytes:
    return orjson.dumps(_logprobs(logprobs)) if logprobs else b"null"


def _logprobs(logprobs: Sequence[TokenLogprob]) -> dict[str, Any] | None:
    if not logprobs:
        return None
    content = [
        {
            **_token(one.token, one.token_bytes, one.logprob),
            "top_logprobs": [_token(t.token, t.token_bytes, t.logprob) for t in one.top],
        }
        for one in logprobs
    ]
    return {"content": content, "refusal": None}


def _token(token: str, token_bytes: bytes, logprob: float) -> dict[str, Any]:
    bounded = max(logprob, LOWEST_LOGPROB)
    return {"token": token, "logprob": bounded, "bytes": list(token_bytes)}
