"""Right after a stream has ended, its receipt says where its time went."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from index.keeper import Keeper
from models.errors import EngineNotLoaded
from models.residence import Resident
from models.scripted import Script, ScriptedEngine
from serve.documents.grounding import Grounding
from serve.pipeline import Helpers, Pipeline
from serve.receipts.keeping import Keeping
from tests.serve.api.conftest import Api, MakeApi

URL = "/v1/chat/completions"
WORDS = ("one", " two", " three")
STREAM = {"model": "echo", "messages": [{"role": "user", "content": "Count."}], "stream": True}
SLOW = Script(words=WORDS, first_token_delay=0.2, token_delay=0.1)
ONE_PLACE = {"tiers": {"small": {"engine": "scripted", "model": "echo", "slots": 1}}}


@pytest.fixture
async def kept(make_api: MakeApi) -> AsyncIterator[Any]:
    """Makes an API that keeps receipts."""
    keeping: list[Keeping] = []

    def make(*arguments: Any, **options: Any) -> Api:
        api = make_api(*arguments, **options)
        keeping.append(Keeping(api.house.settings.receipts_file, api.house.settings.receipts))
        api.house = replace(api.house, receipts=keeping[-1])
        return api

    yield make
    for each in keeping:
        await asyncio.to_thread(each.close)


async def ended(client: httpx.AsyncClient, **more: Any) -> str:
    """The id of a streamed answer whose `[DONE]` has come."""
    async with client.stream("POST", URL, json={**STREAM, **more}) as response:
        assert response.status_code == 200
        async for line in response.aiter_lines():
            if line == "data: [DONE]":
                break
        return str(response.headers["x-request-id"])


async def spent(client: httpx.AsyncClient, id_: str) -> dict[str, dict[str, Any]]:
    """By part; what always holds is checked."""
    response = await client.get(f"/v1/receipts/{id_}")
    assert response.status_code == 200, response.text
    told = response.json()
    assert sum(each["seconds"] for each in told["time"]) == pytest.approx(
        told["total_ms"] / 1000, abs=1e-3
    )
    assert sum(each["share"] for each in told["time"]) == pytest.approx(1, abs=1e-3)
    return {each["part"]: each for each in told["time"]}


async def test_reading_and_writing_are_told_apart(kept: Any) -> None:
    async with kept(SLOW).client() as client:
        found = await spent(client, await ended(client))
    assert found["read"]["seconds"] >= 0.2
    assert found["write"]["seconds"] >= 0.2
    assert (found["read"]["why"], found["write"]["why"]) == ("prompt", None)
    assert list(found)[-1] == "other"


async def test_an_answer_in_one_piece_is_told_as_one(kept: Any) -> None:
    async with kept(SLOW).client() as client:
        answer = await client.post(URL, json={**STREAM, "stream": False})
        found = await spent(client, answer.headers["x-request-id"])
    assert found["generate"]["seconds"] >= 0.4
    assert not {"read", "write"} & set(found)


async def test_waiting_for_a_place_is_told(kept: Any) -> None:
    api = kept(SLOW, **ONE_PLACE, cache={"enabled": False})
    async with api.client() as client, asyncio.TaskGroup() as group:
        one, other = (group.create_task(ended(client)) for _ in range(2))
    async with api.client() as client:
        both = [await spent(client, each.result()) for each in (one, other)]
    [waited] = [each["queue"]["seconds"] for each in both if "queue" in each]
    assert waited >= 0.3


async def test_the_loading_of_a_model_that_slept_is_told(kept: Any) -> None:
    api = kept(SLOW)

    def build() -> ScriptedEngine:
        time.sleep(0.5)
        return ScriptedEngine("echo", SLOW)

    sleeper = Resident(api.engine.card, build, idle=0.0)
    async with asyncio.timeout(20):
        while not await asleep(sleeper):
            await asyncio.sleep(0.02)
    tiers = {"small": sleeper}
    api.house = replace(api.house, tiers=tiers, pipeline=Pipeline(api.house.settings, tiers))
    async with api.client() as client:
        found = await spent(client, await ended(client))
    assert found["load"]["seconds"] >= 0.4
    assert found["load"]["why"] == "asleep"


async def asleep(engine: Resident) -> bool:
    try:
        await engine.load()
    except EngineNotLoaded as exc:
        return exc.state == "asleep"
    return False


async def test_a_try_that_failed_is_told_with_its_cause(kept: Any) -> None:
    script = replace(SLOW, fail_after=1, fail_times=1)
    async with kept(script, retry={"backoff": 0}).client() as client:
        answer = await client.post(URL, json={**STREAM, "stream": False})
        id_ = answer.headers["x-request-id"]
        found = await spent(client, id_)
        told = (await client.get(f"/v1/receipts/{id_}")).json()
    assert found["failed"]["why"] == "EngineInterrupted"
    assert found["failed"]["seconds"] >= 0.2
    assert [each[:3] for each in told["attempts"]] == [
        ["small", "EngineInterrupted", None],
        ["small", None, None],
    ]


async def test_an_answer_that_somebody_else_made_is_told(kept: Any) -> None:
    api = kept(SLOW)
    async with api.client() as client, asyncio.TaskGroup() as group:
        one, other = (group.create_task(ended(client, temperature=0)) for _ in range(2))
    async with api.client() as client:
        parts = [set(await spent(client, each.result())) for each in (one, other)]
    assert sum("shared" in each for each in parts) == 1


async def test_the_search_in_documents_is_told_and_how_many_passages_there_were(
    kept: Any, library: Keeper
) -> None:
    api = kept(SLOW, library, Helpers(grounding=Grounding(library)))
    text = b"# Leave\n\nParental leave lasts 14 weeks for every employee.\n"
    async with api.client() as client:
        store = (await client.post("/v1/vector_stores", json={"name": "rules"})).json()["id"]
        uploaded = await client.post(
            "/v1/files", files={"file": ("leave.md", text)}, data={"purpose": "assistants"}
        )
        files = f"/v1/vector_stores/{store}/files"
        await client.post(files, json={"file_id": uploaded.json()["id"]})
        async with asyncio.timeout(20):
            while (await client.get(files)).json()["data"][0]["status"] != "completed":
                await asyncio.sleep(0.02)
        question = [{"role": "user", "content": "How long is parental leave?"}]
        body = {**STREAM, "messages": question, "collections": ["rules"]}
        response = await client.post(URL, json=body)
        found = await spent(client, response.headers["x-request-id"])
        told = (await client.get(f"/v1/receipts/{response.headers['x-request-id']}")).json()
    first = json.loads(response.text.split("\n\n")[0].removeprefix("data: "))
    assert found["search"]["seconds"] > 0
    passages = [source["passages"] for source in first["sources"]]
    assert [len(each) for each in passages] == [1]
    assert [source["passages"] for source in told["sources"]] == passages


async def test_the_receipt_of_another_gateways_answer_is_found_at_once(kept: Any) -> None:
    here, there = kept(SLOW), kept(SLOW)
    there.key = here.key
    async with here.client() as client, there.client() as other:
        found = await spent(other, await ended(client))
    assert found["write"]["seconds"] > 0


async def test_what_is_not_there_and_what_is_somebody_elses_are_told_alike(kept: Any) -> None:
    api = kept(SLOW)
    async with api.client() as client:
        id_ = await ended(client)
        theirs = await client.get(f"/v1/receipts/{id_}", headers=api.key_of("else"))
        nobodys = await client.get(f"/v1/receipts/{id_[:-4]}0000")
    assert theirs.status_code == nobodys.status_code == 404
    assert theirs.json() == nobodys.json()
