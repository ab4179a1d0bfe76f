"""Whatever arrives, the answer is one that OpenAI's clients understand."""

import json
import re
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SHARED = [HealthCheck.function_scoped_fixture]
ENDPOINTS = {
    "/v1/chat/completions": {"model": "echo", "messages": [{"role": "user", "content": "hi"}]},
    "/v1/completions": {"model": "echo", "prompt": "hi"},
    "/v1/embeddings": {"model": "hash", "input": "hi"},
}
FIELDS = st.sampled_from(
    [
        *("model", "messages", "prompt", "input", "stream", "stream_options", "n", "temperature"),
        *("top_p", "max_tokens", "max_completion_tokens", "stop", "seed", "logprobs", "tools"),
        *("top_logprobs", "logit_bias", "response_format", "tool_choice", "parallel_tool_calls"),
        *("presence_penalty", "user", "metadata", "store", "dimensions", "encoding_format"),
        *("service_tier", "echo", "best_of", "functions"),
    ]
)
WORDS = st.sampled_from(
    [
        *("role", "content", "type", "text", "function", "name", "parameters", "json_schema"),
        *("schema", "auto", "none", "required", "user", "assistant", "tool", "tool_calls", "id"),
        *("arguments", "tool_call_id", "include_usage", "json_object", "float", "base64", "echo"),
    ]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | WORDS
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(WORDS | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)
CHANGES = st.dictionaries(FIELDS | st.text(max_size=8), VALUES, max_size=4)
UNSAFE = re.compile(r"0x[0-9a-f]{8,}|Traceback|site-packages|/work/|/tmp/|/home/|\.py\b")


def check(response: httpx.Response) -> None:
    assert response.headers["x-request-id"].startswith("req_")
    if response.status_code == 200:
        return
    assert 400 <= response.status_code < 500, response.text
    error = response.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["type"] == "invalid_request_error"
    assert error["message"]
    assert error["param"] is None or isinstance(error["param"], str)
    assert not UNSAFE.search(response.text)
    assert len(response.content) < 2000


@settings(max_examples=300, deadline=None, suppress_health_check=SHARED)
@given(path=st.sampled_from(list(ENDPOINTS)), changes=CHANGES)
async def test_changed_requests(client: httpx.AsyncClient, path: str, changes: Any) -> None:
    body = json.dumps({**ENDPOINTS[path], **changes}).encode()
    check(await client.post(path, content=body, headers={"content-type": "application/json"}))


@settings(max_examples=200, deadline=None, suppress_health_check=SHARED)
@given(path=st.sampled_from(list(ENDPOINTS)), at=st.integers(0, 80), noise=st.binary(max_size=6))
async def test_damaged_bodies(client: httpx.AsyncClient, path: str, at: int, noise: bytes) -> None:
    body = json.dumps(ENDPOINTS[path]).encode()
    damaged = body[:at] + noise + body[at + len(noise) :]
    check(await client.post(path, content=damaged, headers={"content-type": "application/json"}))


@pytest.mark.slow
@settings(max_examples=5000, deadline=None, suppress_health_check=SHARED)
@given(path=st.sampled_from(list(ENDPOINTS)), changes=CHANGES)
async def test_five_thousand_changed_requests(
    client: httpx.AsyncClient, path: str, changes: Any
) -> None:
    body = json.dumps({**ENDPOINTS[path], **changes}).encode()
    check(await client.post(path, content=body, headers={"content-type": "application/json"}))
