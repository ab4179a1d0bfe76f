import json
from typing import Any

import httpx

from models.engine import Chunk, Message, TokenLogprob, ToolCall, TopLogprob, Usage
from models.scripted import Script
from serve.api.chat import ChatEncoder
from serve.api.generation import Head

URL = "/v1/chat/completions"
HEAD = Head("abc", 1_700_000_000, "echo", "fp_1")
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}


def body(**fields: Any) -> dict[str, Any]:
    return {"model": "echo", "messages": [{"role": "user", "content": "one two three"}], **fields}


def events(text: str) -> list[Any]:
    """The events of a stream, which must end with [DONE]."""
    lines = text.split("\n\n")
    assert lines[-2:] == ["data: [DONE]", ""]
    return [json.loads(line.removeprefix("data: ")) for line in lines[:-2]]


async def test_an_answer_has_exactly_openais_fields(client: httpx.AsyncClient) -> None:
    response = await client.post(URL, json=body())
    answer = response.json()
    assert answer.pop("id").startswith("chatcmpl-")
    assert isinstance(answer.pop("created"), int)
    assert answer.pop("system_fingerprint").startswith("fp_")
    usage = answer.pop("usage")
    assert answer == {
        "object": "chat.completion",
        "model": "echo",
        "service_tier": "default",
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": "one two three",
                    "refusal": None,
                    "annotations": [],
                },
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
    }
    assert (usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"]) == (3, 3, 6)
    assert response.headers["x-hearth-tier"] == "small"
    assert response.headers["content-type"] == "application/json"


async def test_a_stream_is_role_then_text_then_reason(client: httpx.AsyncClient) -> None:
    response = await client.post(URL, json=body(stream=True))
    assert response.headers["content-type"].startswith("text/event-stream")
    chunks = events(response.text)
    assert {c["object"] for c in chunks} == {"chat.completion.chunk"}
    assert len({c["id"] for c in chunks}) == 1
    assert all("usage" not in c for c in chunks)
    choices = [c["choices"][0] for c in chunks]
    assert choices[0]["delta"] == {"role": "assistant", "content": "", "refusal": None}
    assert "".join(c["delta"].get("content", "") for c in choices) == "one two three"
    assert [c["finish_reason"] for c in choices] == [None] * (len(choices) - 1) + ["stop"]
    assert choices[-1]["delta"] == {}


async def test_usage_comes_last_and_only_when_asked_for(client: httpx.AsyncClient) -> None:
    asked = body(stream=True, stream_options={"include_usage": True})
    *others, last = events((await client.post(URL, json=asked)).text)
    assert last["choices"] == []
    assert last["usage"]["total_tokens"] == 6
    assert all(chunk["usage"] is None for chunk in others)


async def test_choices_have_own_seeds_and_one_usage(client: httpx.AsyncClient, api: Any) -> None:
    answer = (await client.post(URL, json=body(n=3, seed=7))).json()
    assert [choice["index"] for choice in answer["choices"]] == [0, 1, 2]
    assert (answer["usage"]["prompt_tokens"], answer["usage"]["completion_tokens"]) == (3, 9)
    assert [prompt.sampling.seed for prompt in api.engine.prompts] == [7, 8, 9]
    assert len({prompt.request_id for prompt in api.engine.prompts}) == 3


async def test_streamed_choices_are_told_apart_by_index(client: httpx.AsyncClient) -> None:
    chunks = events((await client.post(URL, json=body(n=2, stream=True))).text)
    for index in (0, 1):
        own = [c["choices"][0] for c in chunks if c["choices"][0]["index"] == index]
        assert own[0]["delta"]["role"] == "assistant"
        assert "".join(c["delta"].get("content", "") for c in own) == "one two three"
        assert own[-1]["finish_reason"] == "stop"


async def test_a_forced_tool_call_is_in_the_message(client: httpx.AsyncClient) -> None:
    choice = {"type": "function", "function": {"name": "f"}}
    answer = (await client.post(URL, json=body(tools=[TOOL], tool_choice=choice))).json()
    message = answer["choices"][0]["message"]
    assert message["content"] is None
    assert message["tool_calls"][0]["type"] == "function"
    assert message["tool_calls"][0]["function"] == {"name": "f", "arguments": "{}"}
    assert answer["choices"][0]["finish_reason"] == "tool_calls"


async def test_a_streamed_tool_call_is_a_name_and_then_arguments(
    client: httpx.AsyncClient,
) -> None:
    choice = {"type": "function", "function": {"name": "f"}}
    asked = body(tools=[TOOL], tool_choice=choice, stream=True)
    chunks = events((await client.post(URL, json=asked)).text)
    deltas = [c["choices"][0]["delta"] for c in chunks]
    assert deltas[0] == {"role": "assistant", "content": None, "refusal": None}
    calls = [delta["tool_calls"][0] for delta in deltas if "tool_calls" in delta]
    assert calls[0]["function"]["name"] == "f"
    assert calls[0]["id"]
    assert all(set(call) == {"index", "function"} for call in calls[1:])
    assert "".join(call["function"]["arguments"] for call in calls) == "{}"


async def test_the_whole_request_reaches_the_engine(client: httpx.AsyncClient, api: Any) -> None:
    called = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    messages = [
        {"role": "developer", "content": "be kind"},
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
        {"role": "assistant", "content": None, "tool_calls": [called]},
        {"role": "tool", "content": "42", "tool_call_id": "c1"},
    ]
    asked = {
        **{"model": "echo", "messages": messages, "temperature": 0, "top_p": 0.5, "stop": "x"},
        **{"max_completion_tokens": 9, "presence_penalty": 1, "frequency_penalty": -1, "seed": 3},
        **{"logit_bias": {"5": -100}, "logprobs": True, "top_logprobs": 2, "tools": [TOOL]},
        **{"parallel_tool_calls": False, "tool_choice": "required"},
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}},
    }
    assert (await client.post(URL, json=asked)).status_code == 200
    prompt = api.engine.prompts[0]
    assert prompt.input == (
        Message("system", "be kind"),
        Message("user", "a\nb"),
        Message("assistant", "", (ToolCall("c1", "f", "{}"),)),
        Message("tool", "42", tool_call_id="c1"),
    )
    sampling = prompt.sampling
    assert (sampling.temperature, sampling.top_p, sampling.stop) == (0.0, 0.5, ("x",))
    assert (sampling.max_tokens, sampling.seed, sampling.top_logprobs) == (9, 3, 2)
    assert (sampling.presence_penalty, sampling.frequency_penalty) == (1.0, -1.0)
    assert sampling.logit_bias == {5: -100.0}
    assert (prompt.format.kind, prompt.format.schema) == ("json_schema", schema)
    assert [tool.name for tool in prompt.tools] == ["f"]
    assert (prompt.tool_choice.mode, prompt.tool_choice.parallel) == ("required", False)
    assert prompt.tenant == api.house.keys.all()[0].tenant
    assert 0 < prompt.timeout <= api.house.settings.deadlines.answer


async def test_an_unsent_field_means_openais_default(client: httpx.AsyncClient, api: Any) -> None:
    await client.post(URL, json=body(temperature=None, stop=None))
    prompt = api.engine.prompts[0]
    assert (prompt.sampling.temperature, prompt.sampling.top_p) == (1.0, 1.0)
    assert prompt.sampling.max_tokens is None
    assert prompt.sampling.top_logprobs is None
    assert (prompt.format.kind, prompt.tool_choice.mode) == ("text", "none")


def test_logprobs_have_openais_chat_shape() -> None:
    token = TokenLogprob("é", "é".encode(), -0.5, (TopLogprob("é", "é".encode(), -0.5),))
    impossible = TokenLogprob("x", b"x", float("-inf"))
    chunk = Chunk("éx", 2, (token, impossible), (), "stop", Usage(1, 2))
    encoder = ChatEncoder(HEAD, include_usage=False)
    logprobs = encoder.body([chunk], Usage(1, 2))["choices"][0]["logprobs"]
    told = {"token": "é", "logprob": -0.5, "bytes": [195, 169]}
    assert logprobs["refusal"] is None
    assert logprobs["content"][0] == {**told, "top_logprobs": [told]}
    assert logprobs["content"][1]["logprob"] == -9999.0
    streamed = events((encoder.event(chunk) + b"data: [DONE]\n\n").decode())
    assert streamed[1]["choices"][0]["logprobs"] == logprobs


def test_thoughts_are_told_apart_from_the_answer() -> None:
    encoder = ChatEncoder(HEAD, include_usage=False)
    message = encoder.body([Chunk("Yes", reasoning="hm")], Usage(1, 2))["choices"][0]["message"]
    assert (message["reasoning_content"], message["content"]) == ("hm", "Yes")
    deltas = [
        json.loads(event.removeprefix("data: "))["choices"][0]["delta"]
        for chunk in (Chunk(reasoning="h"), Chunk("Yes", reasoning="m"))
        for event in encoder.event(chunk).decode().strip().split("\n\n")
    ]
    assert deltas[1:3] == [{"reasoning_content": "h"}, {"reasoning_content": "m"}]
    assert deltas[3:] == [{"content": "Yes"}]


def test_log_probabilities_of_thoughts_come_with_them_once() -> None:
    chunk = Chunk(reasoning="hm", logprobs=(TokenLogprob("hm", b"hm", -1.0),))
    encoder = ChatEncoder(HEAD, include_usage=False)
    events = encoder.event(chunk).decode().strip().split("\n\n")
    told = [json.loads(event.removeprefix("data: "))["choices"][0] for event in events]
    assert [bool(choice["logprobs"]) for choice in told] == [False, True]
    assert told[1]["delta"] == {"reasoning_content": "hm"}


async def test_thoughts_that_come_back_are_dropped(client: httpx.AsyncClient, api: Any) -> None:
    turns = [
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": "a", "reasoning_content": "hm"},
        {"role": "user", "content": "again"},
    ]
    assert (await client.post(URL, json=body(messages=turns))).status_code == 200
    [prompt] = api.engine.prompts
    assert prompt.input[1] == Message("assistant", "a")


def test_a_chunk_with_nothing_to_tell_is_no_event() -> None:
    encoder = ChatEncoder(HEAD, include_usage=False)
    encoder.event(Chunk("a", 1))
    assert encoder.event(Chunk("", 1)) == b""


async def test_text_of_any_kind_survives_the_wire(make_api: Any) -> None:
    text = 'quotes " and \\ and \n\n and data: and \u2028 \U0001f600 </script>'
    async with make_api(Script(words=(text, text))).client() as client:
        whole = (await client.post(URL, json=body())).json()
        streamed = events((await client.post(URL, json=body(stream=True))).text)
    assert whole["choices"][0]["message"]["content"] == text * 2
    told = [chunk["choices"][0]["delta"].get("content", "") for chunk in streamed]
    assert "".join(told) == text * 2
