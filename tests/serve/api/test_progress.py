"""Who asks for it is told where a streamed request is on its way."""

import asyncio
import json
import threading
import time
from collections import Counter
from dataclasses import replace
from typing import Any

import httpx
import pytest

from index.keeper import Keeper
from models.residence import UNKNOWN_LOADING_TIME, Resident
from models.scripted import Script, ScriptedEngine
from serve.documents.grounding import Grounding
from serve.pipeline import Helpers, Pipeline
from tests.serve.api.conftest import Api, MakeApi

URL = "/v1/chat/completions"
ASK = {"x-hearth-progress": "1"}
STREAM = {
    "model": "echo",
    "messages": [{"role": "user", "content": "a b c"}],
    "stream": True,
    "max_tokens": 8,
}
ONE_PLACE = {"tiers": {"small": {"engine": "scripted", "model": "echo", "slots": 1}}}


def stages(text: str) -> list[dict[str, Any]]:
    told = [line for line in text.splitlines() if line.startswith(": hearth ")]
    return [json.loads(line.removeprefix(": hearth ")) for line in told]


def states(told: list[dict[str, Any]]) -> list[str]:
    """In order; one that lasts is told again each second."""
    return list(dict.fromkeys(each["state"] for each in told))


def events(text: str) -> list[str]:
    return [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]


async def streamed(client: httpx.AsyncClient, **headers: str) -> httpx.Response:
    return await client.post(URL, json=STREAM, headers=headers)


async def until_running(api: Api) -> None:
    async with asyncio.timeout(10):
        while not api.engine.running:
            await asyncio.sleep(0.005)


async def test_who_waits_is_told_its_place_in_the_line_and_what_comes_then(
    make_api: MakeApi,
) -> None:
    api = make_api(Script(first_token_delay=0.6), **ONE_PLACE)
    async with api.client() as client, asyncio.TaskGroup() as group:
        group.create_task(streamed(client))
        await until_running(api)
        before = group.create_task(streamed(client))
        last = group.create_task(streamed(client, **ASK))
    told = stages(last.result().text)
    queued = [each for each in told if each["state"] == "queued"]
    assert [each["position"] for each in queued][:1] == [2]
    assert {each["tier"] for each in queued} == {"small"}
    assert all(each["wait"] is None or each["wait"] >= 0 for each in queued)
    assert states(told) == ["queued", "reading", "answering"]
    assert stages(before.result().text) == []
    assert events(last.result().text)[-1] == "[DONE]"


async def test_the_same_state_is_told_at_most_once_a_second(make_api: MakeApi) -> None:
    api, began = make_api(Script(first_token_delay=1.6), **ONE_PLACE), time.monotonic()
    async with api.client() as client, asyncio.TaskGroup() as group:
        group.create_task(streamed(client))
        await until_running(api)
        last = group.create_task(streamed(client, **ASK))
    told = Counter(each["state"] for each in stages(last.result().text))
    assert 1 <= told["queued"] <= 1 + time.monotonic() - began
    assert told["reading"] == told["answering"] == 1


async def test_what_comes_at_once_brings_its_headers_alone(make_api: MakeApi) -> None:
    async with make_api().client() as client:
        response = await streamed(client, **ASK)
    [only] = stages(response.text)
    told = only["headers"]
    assert only["state"] == "answering"
    assert told["x-hearth-tier"] == response.headers["x-hearth-tier"] == "small"
    assert told["x-request-id"] == response.headers["x-request-id"]
    assert response.text.index(": hearth") < response.text.index("data: ")


@pytest.mark.parametrize("headers", [{}, {"x-hearth-progress": "0"}])
async def test_nobody_else_is_told_anything(make_api: MakeApi, headers: dict[str, str]) -> None:
    async with make_api(Script(first_token_delay=0.4)).client() as client:
        response = await streamed(client, **headers)
    assert ": hearth" not in response.text
    assert response.text.startswith("data: ")


async def test_a_header_that_is_none_is_refused(make_api: MakeApi) -> None:
    async with make_api().client() as client:
        response = await streamed(client, **{"x-hearth-progress": "yes"})
    assert (response.status_code, response.json()["error"]["param"]) == (400, "x-hearth-progress")


async def test_a_model_that_is_loading_is_told_with_the_time_it_takes(make_api: MakeApi) -> None:
    api, loaded = make_api(Script(first_token_delay=0.7)), threading.Event()

    def build() -> ScriptedEngine:
        loaded.wait(20)
        return api.engine

    tiers = {"small": Resident(api.engine.card, build)}
    api.house = replace(api.house, tiers=tiers, pipeline=Pipeline(api.house.settings, tiers))
    async with api.client() as client, asyncio.TaskGroup() as group:
        asking = group.create_task(streamed(client, **ASK))
        await asyncio.sleep(0.5)
        loaded.set()
    told = stages(asking.result().text)
    assert states(told) == ["loading", "reading", "answering"]
    assert UNKNOWN_LOADING_TIME - 5 < told[0]["wait"] < UNKNOWN_LOADING_TIME + 10


async def test_documents_are_told_while_they_are_searched(
    make_api: MakeApi, library: Keeper
) -> None:
    api = make_api(library=library, helpers=Helpers(grounding=Grounding(library)))
    search = library.search

    async def slowly(*asked: Any) -> Any:
        await asyncio.sleep(0.4)
        return await search(*asked)

    library.search = slowly  # type: ignore[method-assign]
    async with api.client() as client:
        assert (await client.post("/v1/vector_stores", json={"name": "rules"})).status_code == 200
        response = await client.post(URL, json={**STREAM, "collections": ["rules"]}, headers=ASK)
    assert states(stages(response.text)) == ["retrieving", "answering"]


async def test_who_shares_a_generation_is_told_where_that_is(make_api: MakeApi) -> None:
    api = make_api(Script(first_token_delay=0.6))
    body = {**STREAM, "temperature": 0}
    async with api.client() as client, asyncio.TaskGroup() as group:
        group.create_task(client.post(URL, json=body))
        await until_running(api)
        second = group.create_task(client.post(URL, json=body, headers=ASK))
    told = stages(second.result().text)
    assert states(told) == ["reading", "answering"]
    assert told[-1]["headers"]["x-hearth-cache"] == "joined"


async def test_a_refusal_after_the_first_word_says_status_and_when_to_come_back(
    make_api: MakeApi,
) -> None:
    api = make_api(Script(first_token_delay=30), **ONE_PLACE, admission={"patience": 0.6})
    async with api.client() as client:
        busy = asyncio.create_task(streamed(client))
        await until_running(api)
        response = await streamed(client, **ASK)
        busy.cancel()
        await asyncio.gather(busy, return_exceptions=True)
    assert response.status_code == 200
    error, done = events(response.text)
    told = json.loads(error)["error"]
    assert (told["status"], told["code"], done) == (503, "deadline_exceeded", "[DONE]")
    assert isinstance(told["retry_after"], int)
    assert told["retry_after"] >= 1


async def test_a_refusal_before_it_keeps_its_status(make_api: MakeApi) -> None:
    api = make_api(Script(first_token_delay=30), **ONE_PLACE, admission={"waiting": 0})
    async with api.client() as client:
        busy = asyncio.create_task(streamed(client))
        await until_running(api)
        response = await streamed(client, **ASK)
        busy.cancel()
        await asyncio.gather(busy, return_exceptions=True)
    assert response.status_code == 429
    assert int(response.headers["retry-after"]) >= 1
