"""Kept answers over HTTP: delivered as asked, and told."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from models.scripted import Script
from tests.serve.api.conftest import Api, MakeApi

CHAT = "/v1/chat/completions"
ASKED: dict[str, Any] = {
    "model": "echo",
    "messages": [{"role": "user", "content": "one two three"}],
    "temperature": 0,
}


@pytest.fixture
def api(make_api: MakeApi) -> Api:
    return make_api(Script())


@pytest.fixture
async def client(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    async with api.client() as client:
        yield client


async def cached(client: httpx.AsyncClient, header: str | None = None, **fields: Any) -> str:
    headers = {} if header is None else {"cache-control": header}
    response = await client.post(CHAT, json={**ASKED, **fields}, headers=headers)
    assert response.status_code == 200, response.text
    return response.headers["x-hearth-cache"]


@pytest.mark.parametrize("first", [True, False])
async def test_an_answer_comes_again_as_json_and_as_events(
    client: httpx.AsyncClient, first: bool
) -> None:
    assert await cached(client, stream=first) == "miss"
    whole = await client.post(CHAT, json=ASKED)
    assert whole.headers["x-hearth-cache"] == "hit"
    assert whole.headers["x-hearth-tier"] == "small"
    assert whole.json()["choices"][0]["message"]["content"] == "one two three"
    assert whole.json()["usage"]["completion_tokens"] == 3
    options = {"stream": True, "stream_options": {"include_usage": True}}
    events = await client.post(CHAT, json={**ASKED, **options})
    assert events.headers["x-hearth-cache"] == "hit"
    assert '"content":"one two three"' in events.text
    assert '"finish_reason":"stop"' in events.text
    assert '"completion_tokens":3' in events.text
    assert events.text.endswith("data: [DONE]\n\n")


async def test_logprobs_and_calls_come_again(client: httpx.AsyncClient, api: Api) -> None:
    tool = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
    for fields in (
        {"logprobs": True, "top_logprobs": 2},
        {"tools": [tool], "tool_choice": "required"},
    ):
        made, again = [await client.post(CHAT, json={**ASKED, **fields}) for _ in range(2)]
        assert (made.headers["x-hearth-cache"], again.headers["x-hearth-cache"]) == ("miss", "hit")
        assert made.json()["choices"] == again.json()["choices"]
    assert len(api.engine.prompts) == 2


async def test_header_and_field_say_the_same(client: httpx.AsyncClient) -> None:
    assert await cached(client, "no-store") == "no-store"
    assert await cached(client, cache="no-store") == "no-store"
    assert await cached(client) == "miss"
    assert await cached(client, "no-cache") == "miss"
    assert await cached(client, cache="no-cache, max-age=60") == "miss"
    assert await cached(client, "max-age=0") == "miss"
    assert await cached(client, "max-age=60, no-transform") == "hit"
    assert await cached(client, "max-age=60", cache="no-store") == "no-store"


@pytest.mark.parametrize("field", ["forever", "no-cache;", "max-age=x", "x" * 101, 7])
async def test_a_field_that_says_nothing_known_is_named(
    client: httpx.AsyncClient, field: object
) -> None:
    response = await client.post(CHAT, json={**ASKED, "cache": field})
    assert response.status_code == 400
    assert response.json()["error"]["param"] == "cache"


async def test_another_key_never_gets_a_kept_answer(client: httpx.AsyncClient, api: Api) -> None:
    assert await cached(client) == "miss"
    async with api.client(headers=api.key_of("somebody")) as other:
        assert await cached(other) == "miss"
    assert await cached(client) == "hit"


@pytest.mark.parametrize(
    ("route", "fields"),
    [
        (CHAT, {}),
        (CHAT, {"stream": True}),
        ("/v1/completions", {"prompt": "one two three"}),
        ("/v1/completions", {"prompt": "one two three", "stream": True}),
    ],
)
async def test_on_no_route_does_a_tenant_get_what_others_were_given(
    client: httpx.AsyncClient, api: Api, route: str, fields: dict[str, Any]
) -> None:
    asked = {**ASKED, **fields}
    if "prompt" in fields:
        del asked["messages"]
    told = []
    for headers in 2 * [api.key_of(f"tenant-{number}") for number in range(8)]:
        response = await client.post(route, json=asked, headers=headers)
        told.append(response.headers["x-hearth-cache"])
    assert told == ["miss"] * 8 + ["hit"] * 8
    assert len({prompt.tenant for prompt in api.engine.prompts}) == 8


async def test_metrics_tell_kept_answers_from_made_ones(client: httpx.AsyncClient) -> None:
    assert [await cached(client) for _ in range(3)] == ["miss", "hit", "hit"]
    text = (await client.get("/metrics")).text
    assert 'hearth_cache_total{verdict="hit"} 2.0' in text
    assert 'hearth_cache_total{verdict="miss"} 1.0' in text
    assert 'hearth_tokens_total{kind="completion",model="echo"} 3.0' in text
    assert 'hearth_tokens_total{kind="saved",model="echo"} 12.0' in text
