"""Whatever arrives, the answer is one that OpenAI's clients understand."""

import json
import random
import re
from collections.abc import AsyncIterator
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
DOCUMENTS = {
    "": {"name": "s", "metadata": {"a": "b"}},
    "/{store}": {"name": "s", "expires_after": {"anchor": "last_active_at", "days": 1}},
    "/{store}/files": {"file_id": "file-x", "attributes": {"a": 1}},
    "/{store}/files/file-x": {"attributes": {"a": True}},
    "/{store}/search": {"query": "q", "filters": {"type": "eq", "key": "a", "value": 1}},
    "/{store}/readers": {"key": "x"},
}
OF_DOCUMENTS = st.sampled_from(
    [
        *("name", "metadata", "expires_after", "file_ids", "file_id", "attributes", "query"),
        *("filters", "max_num_results", "ranking_options", "rewrite_query", "chunking_strategy"),
        *("key", "description"),
    ]
)
FIELDS = [
    *("model", "messages", "prompt", "input", "stream", "stream_options", "n", "temperature"),
    *("top_p", "max_tokens", "max_completion_tokens", "stop", "seed", "logprobs", "tools"),
    *("top_logprobs", "logit_bias", "response_format", "tool_choice", "parallel_tool_calls"),
    *("presence_penalty", "user", "metadata", "store", "dimensions", "encoding_format"),
    *("service_tier", "echo", "best_of", "functions"),
]
WORDS = [
    *("role", "content", "type", "text", "function", "name", "parameters", "json_schema"),
    *("schema", "auto", "none", "required", "user", "assistant", "tool", "tool_calls", "id"),
    *("arguments", "tool_call_id", "include_usage", "json_object", "float", "base64", "echo"),
]
A_WORD = st.sampled_from(WORDS)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | A_WORD
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(A_WORD | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)
FILTERS = st.recursive(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["eq", "in", "gt", "like"]), "key": st.text(max_size=3)},
        optional={"value": VALUES},
    ),
    lambda inner: st.fixed_dictionaries(
        {"type": st.sampled_from(["and", "or"]), "filters": st.lists(inner, max_size=3)}
    ),
    max_leaves=4,
)
OTHER_CHANGES = st.dictionaries(OF_DOCUMENTS, VALUES | FILTERS, max_size=3)
CHANGES = st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=8), VALUES, max_size=4)
UNSAFE = re.compile(
    r"0x[0-9a-f]{8,}|Traceback|site-packages|/work/|/tmp/|/home/|/\w+\.py\b|\", line \d"
)


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


@settings(max_examples=200, deadline=None, suppress_health_check=SHARED)
@given(below=st.sampled_from(list(DOCUMENTS)), changes=OTHER_CHANGES)
async def test_changed_requests_about_documents(
    documents_client: httpx.AsyncClient, below: str, changes: Any
) -> None:
    asked = {"order": "asc", "limit": "1"}
    (store,) = (await documents_client.get("/v1/vector_stores", params=asked)).json()["data"]
    body = json.dumps({**DOCUMENTS[below], **changes}).encode()
    path = f"/v1/vector_stores{below.format(store=store['id'])}"
    headers = {"content-type": "application/json"}
    check(await documents_client.post(path, content=body, headers=headers))


@pytest.fixture
async def documents_client(documents_api: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with documents_api.client() as client:
        await client.post("/v1/vector_stores", json={"name": "first"})
        yield client


# Hypothesis takes longer to draw a request than the API to answer it: for thousands of requests,
# which are small already, dice are enough.


def scalar(dice: random.Random) -> Any:
    text = "".join(map(chr, dice.choices(range(0x3000), k=dice.randrange(8))))
    odd = ["", "\0", "\ud800", "\U0001f600", "-1", "x" * 500, text]
    numbers = [0, 1, -1, 2**31, 2**63, -(10**40), 0.5, -0.0, 1e308, float("nan"), float("inf")]
    common = [None, True, False, dice.randrange(-9, 9), dice.uniform(-3, 3), dice.choice(WORDS)]
    return dice.choice(dice.choice([odd, numbers, common]))


def value(dice: random.Random, depth: int = 0) -> Any:
    kind = dice.randrange(2 + 2 * depth)
    if kind > 1:
        return scalar(dice)
    inner = [value(dice, depth + 1) for _ in range(dice.randrange(4))]
    return inner if kind else {dice.choice([*WORDS, "", "a b"]): one for one in inner}


@pytest.mark.slow
async def test_five_thousand_changed_requests(client: httpx.AsyncClient) -> None:
    for seed in range(5000):
        dice = random.Random(seed)
        path = dice.choice(list(ENDPOINTS))
        changes = {dice.choice([*FIELDS, "", "x"]): value(dice) for _ in range(dice.randrange(5))}
        body = json.dumps({**ENDPOINTS[path], **changes}).encode()
        headers = {"content-type": "application/json"}
        try:
            check(await client.post(path, content=body, headers=headers))
        except AssertionError as failed:
            failed.add_note(f"POST {path} {body!r}")
            raise
