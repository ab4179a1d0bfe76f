"""Bad requests and the answers that each must get, as one table per endpoint."""

import re
from typing import Any

import httpx
import pytest

USER = {"role": "user", "content": "hi"}
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
JSON_SCHEMA = {"type": "json_schema"}
SCHEMA_PARAM = "response_format.json_schema.schema"
UNSAFE = re.compile(r"0x[0-9a-f]{8,}|Traceback|\.py\b|/home/|/tmp/|/usr/|site-packages")


def chat(**fields: Any) -> dict[str, Any]:
    return {"model": "echo", "messages": [USER], **fields}


def says(*messages: Any) -> dict[str, Any]:
    return {"model": "echo", "messages": list(messages)}


def answers_with(schema: Any) -> dict[str, Any]:
    return chat(response_format={**JSON_SCHEMA, "json_schema": {"name": "x", "schema": schema}})


def without(field: str) -> dict[str, Any]:
    return {name: value for name, value in chat().items() if name != field}


CHAT = [
    # 39-42: unknown keys, types, what is missing
    ({**chat(), **{f"k{i}": 1 for i in range(100_000)}}, "unknown_parameter", None),
    (chat(__class__=1), "unknown_parameter", "__class__"),
    (chat(__proto__={}), "unknown_parameter", "__proto__"),
    (chat(foo=1), "unknown_parameter", "foo"),
    (chat(stream="true"), "invalid_type", "stream"),
    (chat(max_tokens="256"), "invalid_type", "max_tokens"),
    (chat(temperature=True), "invalid_type", "temperature"),
    (without("model"), "missing_required_parameter", "model"),
    # 44: models that cannot be
    (chat(model=123), "invalid_type", "model"),
    (chat(model=""), "invalid_value", "model"),
    (chat(model="x" * 10_240), "string_above_max_length", "model"),
    # 45-55: messages
    (without("messages"), "missing_required_parameter", "messages"),
    (says(), "empty_array", "messages"),
    (chat(messages="x"), "invalid_type", "messages"),
    (says(123), "invalid_type", "messages[0]"),
    (says({}), "missing_required_parameter", "messages[0].role"),
    (says({"role": "wizard", "content": "x"}), "invalid_value", "messages[0].role"),
    (says({"role": "user", "content": None}), "invalid_type", "messages[0].content"),
    (says({"role": "user"}), "invalid_type", "messages[0].content"),
    (says({"role": "user", "content": 5}), "invalid_type", "messages[0].content"),
    (says({"role": "user", "content": [5]}), "invalid_type", "messages[0].content[0]"),
    (
        says({"role": "user", "content": [{"type": "text", "text": 1}]}),
        "invalid_type",
        "messages[0].content[0]",
    ),
    (
        says(
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "file:///"}}]}
        ),
        "unsupported_value",
        "messages[0].content[0]",
    ),
    (
        says(USER, {"role": "user", "content": [{"type": "hologram"}]}),
        "unsupported_value",
        "messages[1].content[0]",
    ),
    (says({**USER, "weight": 1}), "unknown_parameter", "messages[0].weight"),
    (says({"role": "tool", "content": "x", "tool_call_id": "a"}), None, "messages[0].role"),
    (
        says(
            {"role": "assistant", "content": None, "tool_calls": [CALL]},
            {"role": "tool", "content": "x", "tool_call_id": "other"},
        ),
        "invalid_value",
        "messages[1].tool_call_id",
    ),
    (
        says(
            {"role": "assistant", "content": None, "tool_calls": [CALL]},
            {"role": "tool", "content": "x"},
        ),
        "invalid_value",
        "messages[1].tool_call_id",
    ),
    (says({**USER, "tool_calls": [CALL]}), "invalid_value", "messages[0].tool_calls"),
    (says(*[USER] * 10_000), "array_above_max_length", "messages"),
    # 58-72: sampling
    (chat(temperature=-1), "decimal_below_min_value", "temperature"),
    (chat(temperature=3), "decimal_above_max_value", "temperature"),
    (chat(top_p=0), "decimal_below_min_value", "top_p"),
    (chat(top_p=1.1), "decimal_above_max_value", "top_p"),
    (chat(max_tokens=0), "integer_below_min_value", "max_tokens"),
    (chat(max_tokens=-5), "integer_below_min_value", "max_tokens"),
    (chat(max_completion_tokens=10**9), "integer_above_max_value", "max_completion_tokens"),
    (chat(max_tokens=9000), "context_length_exceeded", "messages"),
    (chat(max_tokens=5, max_completion_tokens=6), "invalid_value", "max_tokens"),
    (chat(n=0), "integer_below_min_value", "n"),
    (chat(n=1000), "integer_above_max_value", "n"),
    (chat(n=10**9), "integer_above_max_value", "n"),
    (chat(stop=["a"] * 5), "array_above_max_length", "stop"),
    (chat(stop=""), "invalid_value", "stop"),
    (chat(stop=[""]), "invalid_value", "stop[0]"),
    (chat(stop=[1]), "invalid_type", "stop[0]"),
    (chat(stop=["x" * 1_000_000]), "invalid_value", "stop[0]"),
    (chat(logit_bias={str(i): 1 for i in range(100_000)}), "array_above_max_length", "logit_bias"),
    (chat(logit_bias={"the": 1}), "invalid_value", "logit_bias"),
    (chat(logit_bias={"-1": 1}), "invalid_value", "logit_bias"),
    (chat(logit_bias={"1": 1e9}), "invalid_value", "logit_bias"),
    (chat(seed=2**70), "integer_above_max_value", "seed"),
    (chat(seed=1.5), "invalid_type", "seed"),
    (chat(logprobs=True, top_logprobs=1000), "integer_above_max_value", "top_logprobs"),
    (chat(top_logprobs=3), None, "top_logprobs"),
    (chat(presence_penalty=5), "decimal_above_max_value", "presence_penalty"),
    (chat(frequency_penalty=-5), "decimal_below_min_value", "frequency_penalty"),
    (chat(store=True), "unsupported_parameter", "store"),
    (chat(audio={"voice": "alloy"}), "unsupported_parameter", "audio"),
    (chat(modalities=["text", "audio"]), "unsupported_parameter", "modalities"),
    (chat(best_of=True), "unsupported_parameter", "best_of"),
    (chat(min_tokens=5), "unsupported_parameter", "min_tokens"),
    (chat(bad_words=["x"]), "unsupported_parameter", "bad_words"),
    (chat(chat_template="{{ x }}"), "unsupported_parameter", "chat_template"),
    (chat(cache_salt="x"), "unsupported_parameter", "cache_salt"),
    (chat(api_base="http://x"), "unsupported_parameter", "api_base"),
    (chat(kv_transfer_params={}), "unsupported_parameter", "kv_transfer_params"),
    (chat(service_tier="flex"), "unsupported_value", "service_tier"),
    # 75-77: streaming
    (chat(stream_options={"include_usage": True}), None, "stream_options"),
    (
        chat(stream=True, stream_options={"include_usage": 1}),
        "invalid_type",
        "stream_options.include_usage",
    ),
    # 78-82: structured output
    (chat(response_format={"type": "sound"}), "invalid_value", "response_format.type"),
    (
        chat(response_format=JSON_SCHEMA),
        "missing_required_parameter",
        "response_format.json_schema",
    ),
    (
        chat(response_format={**JSON_SCHEMA, "json_schema": {"name": "x"}}),
        "missing_required_parameter",
        SCHEMA_PARAM,
    ),
    (answers_with(123), "invalid_schema", SCHEMA_PARAM),
    (
        answers_with({"enum": ["x" * 100_000]}),
        "schema_too_complex",
        SCHEMA_PARAM,
    ),
    (answers_with({"type": 123}), "invalid_schema", SCHEMA_PARAM),
    (answers_with({"type": "hiccup"}), "invalid_schema", SCHEMA_PARAM),
    (answers_with({"$ref": "https://evil.example/schema"}), "invalid_schema", SCHEMA_PARAM),
    (answers_with({"$ref": "#"}), "invalid_schema", SCHEMA_PARAM),
    (answers_with({"type": "array", "minItems": 10**9}), "schema_too_complex", SCHEMA_PARAM),
    (answers_with({"type": "string", "pattern": "(a+)+b"}), "invalid_regex", SCHEMA_PARAM),
    (
        chat(tools=[{"type": "function", "function": {"name": "f", "parameters": {"type": 1}}}]),
        "invalid_schema",
        "tools[0].function.parameters",
    ),
    # 85-87: tools
    (chat(tools=[TOOL] * 129), "array_above_max_length", "tools"),
    (chat(tools=[{"type": "function"}]), "missing_required_parameter", "tools[0].function"),
    (chat(tools=[{**TOOL, "type": "custom"}]), "invalid_value", "tools[0].type"),
    (
        chat(tools=[{"type": "function", "function": {"name": "a b"}}]),
        "invalid_value",
        "tools[0].function.name",
    ),
    (
        chat(tools=[{"type": "function", "function": {"name": "x" * 65}}]),
        "invalid_value",
        "tools[0].function.name",
    ),
    (chat(tools=[TOOL, TOOL]), "invalid_value", "tools[1].function.name"),
    (
        chat(tools=[TOOL], tool_choice={"type": "function", "function": {"name": "g"}}),
        "invalid_value",
        "tool_choice",
    ),
    (chat(tools=[TOOL], tool_choice={"type": "function"}), "invalid_value", "tool_choice"),
    (chat(tool_choice="required"), "invalid_value", "tool_choice"),
    (chat(tool_choice="sometimes"), "invalid_value", "tool_choice.type"),
]

COMPLETIONS = [
    ({"model": "echo"}, "missing_required_parameter", "prompt"),
    ({"model": "echo", "prompt": None}, "invalid_type", "prompt"),
    ({"model": "echo", "prompt": []}, "empty_array", "prompt"),
    ({"model": "echo", "prompt": [[]]}, "empty_array", "prompt[0]"),
    ({"model": "echo", "prompt": [1, "a"]}, "invalid_type", "prompt"),
    ({"model": "echo", "prompt": ["a", 1]}, "invalid_type", "prompt[1]"),
    ({"model": "echo", "prompt": [True]}, "invalid_type", "prompt[0]"),
    ({"model": "echo", "prompt": [-1]}, "invalid_value", "prompt"),
    ({"model": "echo", "prompt": [[1], [2**40]]}, "invalid_value", "prompt[1]"),
    ({"model": "echo", "prompt": ["x"] * 10_000}, "array_above_max_length", "prompt"),
    ({"model": "echo", "prompt": "x", "logprobs": 6}, "integer_above_max_value", "logprobs"),
    ({"model": "echo", "prompt": "x", "echo": True}, "unsupported_parameter", "echo"),
    ({"model": "echo", "prompt": "x", "best_of": 3}, "unsupported_parameter", "best_of"),
    ({"model": "echo", "prompt": "x", "suffix": "y"}, "unsupported_parameter", "suffix"),
    ({"model": "echo", "prompt": "x", "messages": []}, "unknown_parameter", "messages"),
]

EMBEDDINGS = [
    ({"model": "hash"}, "missing_required_parameter", "input"),
    ({"model": "hash", "input": []}, "empty_array", "input"),
    ({"model": "hash", "input": ""}, "invalid_value", "input"),
    ({"model": "hash", "input": ["a", ""]}, "invalid_value", "input[1]"),
    ({"model": "hash", "input": [[]]}, "empty_array", "input[0]"),
    ({"model": "hash", "input": ["x"] * 10_000}, "array_above_max_length", "input"),
    ({"model": "hash", "input": [-7]}, "invalid_value", "input"),
    ({"model": "hash", "input": "x", "encoding_format": "hex"}, "invalid_value", "encoding_format"),
    ({"model": "hash", "input": "x", "dimensions": 0}, "integer_below_min_value", "dimensions"),
    ({"model": "hash", "input": "x", "user": 1}, "invalid_type", "user"),
]


async def check(
    client: httpx.AsyncClient, path: str, body: Any, code: str | None, param: str | None
) -> None:
    response = await client.post(path, json=body)
    error = response.json()["error"]
    assert response.status_code == 400, response.text
    assert set(error) == {"message", "type", "param", "code"}
    assert error["type"] == "invalid_request_error"
    assert error["code"] == code, error
    if param is not None:
        assert error["param"] == param
    assert len(response.text) < 1000
    assert not UNSAFE.search(response.text)
    assert response.headers["x-request-id"].startswith("req_")
    assert response.headers["x-should-retry"] == "false"


@pytest.mark.parametrize(("body", "code", "param"), CHAT, ids=lambda v: str(v)[:60])
async def test_a_bad_chat_request_names_what_is_wrong(
    client: httpx.AsyncClient, body: Any, code: str | None, param: str | None
) -> None:
    await check(client, "/v1/chat/completions", body, code, param)


@pytest.mark.parametrize(("body", "code", "param"), COMPLETIONS, ids=lambda v: str(v)[:60])
async def test_a_bad_completions_request_names_what_is_wrong(
    client: httpx.AsyncClient, body: Any, code: str | None, param: str | None
) -> None:
    await check(client, "/v1/completions", body, code, param)


@pytest.mark.parametrize(("body", "code", "param"), EMBEDDINGS, ids=lambda v: str(v)[:60])
async def test_a_bad_embeddings_request_names_what_is_wrong(
    client: httpx.AsyncClient, body: Any, code: str | None, param: str | None
) -> None:
    await check(client, "/v1/embeddings", body, code, param)


@pytest.mark.parametrize("model", ["gpt-4", "../../etc/passwd", "a\r\nb", "\u202e", "hash"])
async def test_an_unknown_model_is_not_found(client: httpx.AsyncClient, model: str) -> None:
    response = await client.post("/v1/chat/completions", json=chat(model=model))
    assert response.status_code == 404
    assert response.json()["error"]["code"] == "model_not_found"
    assert response.json()["error"]["param"] == "model"


@pytest.mark.parametrize(
    "fields",
    [
        {"stream_options": None},
        {"temperature": None, "top_p": None, "n": None, "stop": None, "seed": None},
        {"max_tokens": 7, "max_completion_tokens": 7},
        {"user": "me\r\nyou", "safety_identifier": "x", "metadata": {"a": "b"}, "store": False},
        {"service_tier": "auto", "echo": False, "best_of": 1, "suffix": None, "functions": None},
        {"tools": [TOOL], "tool_choice": "auto", "parallel_tool_calls": False},
        {"tool_choice": "none", "tools": []},
        {"response_format": {"type": "text"}},
        {"logit_bias": {"42": -100}, "presence_penalty": 1, "frequency_penalty": -2},
        {"messages": [{"role": "system", "content": "only this"}]},
        {"messages": [{"role": "developer", "content": "x"}, {**USER, "name": "bob"}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "part"}]}]},
        {"messages": [{"role": "user", "content": "<|im_start|>system"}]},
        {
            "messages": [
                USER,
                {
                    "role": "assistant",
                    "content": None,
                    "refusal": None,
                    "annotations": [],
                    "tool_calls": [CALL],
                },
                {"role": "tool", "content": "42", "tool_call_id": "c1"},
            ]
        },
    ],
    ids=lambda fields: "-".join(fields),
)
async def test_what_openai_clients_send_is_accepted(
    client: httpx.AsyncClient, fields: dict[str, Any]
) -> None:
    response = await client.post("/v1/chat/completions", json=chat(**fields))
    assert response.status_code == 200, response.text


async def test_a_refused_request_never_reaches_the_engine(
    client: httpx.AsyncClient, api: Any
) -> None:
    for body, *_ in CHAT:
        await client.post("/v1/chat/completions", json=body)
    assert api.engine.prompts == []
