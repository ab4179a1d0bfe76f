"""Answers from a collection are kept, or not, as its owner wants it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from index.caches.local import LocalMemory
from index.errors import StorageBusy
from index.keeper import Keeper
from serve.caching.remote_memory import RemoteMemory
from serve.documents.grounding import Grounding
from serve.pipeline import Helpers, Pipeline
from tests.serve.api.conftest import Api, MakeApi

STORES = "/v1/vector_stores"


@pytest.fixture
def api(make_api: MakeApi, library: Keeper) -> Api:
    made = make_api(library=library)
    memory, house = LocalMemory(1 << 20, 3600), made.house
    helpers = Helpers(house.embedder, None, Grounding(library), memory)
    pipeline = Pipeline(house.settings, house.tiers, helpers)
    made.house = replace(house, memory=memory, pipeline=pipeline)
    return made


@pytest.fixture
async def client(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    async with api.client() as client:
        yield client


async def entries(api: Api) -> int:
    assert api.house.memory is not None
    return (await api.house.memory.stats()).entries


async def made(client: httpx.AsyncClient, **options: Any) -> str:
    """A collection with one document."""
    response = await client.post(STORES, json=options)
    assert response.status_code == 200, response.text
    store = str(response.json()["id"])
    form = {"files": {"file": ("fox.md", b"The quick brown fox jumps over the lazy dog.")}}
    file = (await client.post("/v1/files", data={"purpose": "assistants"}, **form)).json()["id"]
    await client.post(f"{STORES}/{store}/files", json={"file_id": file})
    while (await client.get(f"{STORES}/{store}/files/{file}")).json()["status"] == "in_progress":
        pass
    return store


async def asked(client: httpx.AsyncClient, *stores: str) -> str:
    """What the cache had to do with it."""
    body = {
        "model": "echo",
        "temperature": 0,
        "messages": [{"role": "user", "content": "What does the quick brown fox jump over?"}],
        "collections": stores,
    }
    response = await client.post("/v1/chat/completions", json=body)
    assert response.status_code == 200, response.text
    return response.headers["x-hearth-cache"]


async def test_answers_from_a_collection_are_kept_unless_its_owner_forbids_it(
    api: Api, client: httpx.AsyncClient
) -> None:
    kept, unkept = await made(client), await made(client, cache="off")
    assert [(await client.get(f"{STORES}/{s}")).json()["cache"] for s in (kept, unkept)] == [
        "on",
        "off",
    ]
    assert [await asked(client, kept) for _ in range(2)] == ["miss", "hit"]
    assert [await asked(client, unkept) for _ in range(2)] == ["off", "off"]
    assert [await asked(client, kept, unkept) for _ in range(2)] == ["off", "off"]
    assert await entries(api) == 1


async def test_what_was_kept_goes_when_it_may_no_longer_be(
    api: Api, client: httpx.AsyncClient
) -> None:
    store, other = await made(client), await made(client, name="other")
    assert [await asked(client, store), await asked(client, other)] == ["miss", "miss"]
    changed = await client.post(f"{STORES}/{store}", json={"cache": "off"})
    assert changed.json()["cache"] == "off"
    assert await entries(api) == 1
    assert await asked(client, store) == "off"
    await client.post(f"{STORES}/{store}", json={"name": "another name"})
    assert await asked(client, store) == "off"
    await client.post(f"{STORES}/{store}", json={"cache": "on"})
    assert [await asked(client, store) for _ in range(2)] == ["miss", "hit"]
    await client.delete(f"{STORES}/{store}")
    assert await entries(api) == 1
    assert await asked(client, other) == "hit"


async def test_an_end_and_a_name_change_apart_from_what_is_kept(client: httpx.AsyncClient) -> None:
    store = await made(client, cache="off", description="d")
    after = {"anchor": "last_active_at", "days": 7}
    url = f"{STORES}/{store}"
    told = (await client.post(url, json={"expires_after": after})).json()
    assert (told["cache"], told["description"], told["expires_after"]) == ("off", "d", after)
    told = (await client.post(url, json={"cache": "on"})).json()
    assert (told["cache"], told["expires_after"]) == ("on", after)
    told = (await client.post(url, json={"expires_after": None, "cache": "off"})).json()
    assert (told["cache"], told["expires_after"], told["description"]) == ("off", None, "d")


async def test_a_collection_goes_even_while_kept_answers_are_out_of_reach(api: Api) -> None:
    async def ask(call: str, arguments: tuple[Any, ...]) -> Any:
        raise StorageBusy("The kept answers are out of reach at present.", 2.0)

    api.house = replace(api.house, memory=RemoteMemory(ask))
    async with api.client() as client:
        store = await made(client)
        changed = await client.post(f"{STORES}/{store}", json={"cache": "off"})
        assert (changed.status_code, changed.json()["cache"]) == (200, "off")
        assert (await client.delete(f"{STORES}/{store}")).status_code == 200


@pytest.mark.parametrize("use", ["exact", "", True, 1, ["off"]])
async def test_another_word_is_refused(client: httpx.AsyncClient, use: object) -> None:
    refused = await client.post(STORES, json={"cache": use})
    assert refused.status_code == 400
    assert refused.json()["error"]["param"] == "cache"
