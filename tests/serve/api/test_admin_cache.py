"""`/admin/cache`: seen and emptied by admins, and by nobody else."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from index.caches.local import LocalMemory
from serve.ledger.rights import ADMIN
from serve.pipeline import Helpers, Pipeline
from tests.serve.api.conftest import Api, MakeApi

CHAT = "/v1/chat/completions"
STATS, ENTRIES = "/admin/cache", "/admin/cache/entries"


@pytest.fixture
def api(make_api: MakeApi) -> Api:
    made = make_api()
    memory, house = LocalMemory(1 << 20, 3600), made.house
    pipeline = Pipeline(house.settings, house.tiers, Helpers(memory=memory))
    made.house = replace(house, memory=memory, pipeline=pipeline)
    return made


@pytest.fixture
async def client(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    """A key like any other."""
    async with api.client() as client:
        yield client


@pytest.fixture
async def admin(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    key = api.house.keys.create("owner", ADMIN)[1]
    async with api.client(headers={"authorization": f"Bearer {key}"}) as client:
        yield client


async def asked(client: httpx.AsyncClient, text: str) -> str:
    """What the cache had to do with it."""
    body = {"model": "echo", "messages": [{"role": "user", "content": text}], "temperature": 0}
    response = await client.post(CHAT, json=body)
    assert response.status_code == 200, response.text
    return response.headers["x-hearth-cache"]


async def told(client: httpx.AsyncClient, url: str, method: str = "GET", **query: Any) -> Any:
    response = await client.request(method, url, params=query)
    assert response.status_code == 200, response.text
    return response.json()


async def test_stats_tell_what_is_kept_and_what_it_saved(
    client: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    empty = await told(admin, STATS)
    assert (empty["entries"], empty["bytes_per_entry"], empty["file"]) == (0, None, None)
    assert [await asked(client, "one two") for _ in range(3)] == ["miss", "hit", "hit"]
    stats = await told(admin, STATS)
    assert stats["requests"] == {"miss": 1, "hit": 2}
    assert (stats["entries"], stats["most_bytes"], stats["ttl"]) == (1, 1 << 20, 3600)
    assert 1000 < stats["bytes_per_entry"] == stats["bytes"] < 4000
    assert stats["tokens_saved"] > 0


async def test_entries_say_whose_they_are_and_never_what_was_said(
    client: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    await asked(client, "a secret")
    await asked(client, "another secret")
    await asked(client, "a secret")
    response = await admin.get(ENTRIES)
    assert "secret" not in response.text
    newest, oldest = response.json()["data"]
    assert (newest["given_again"], oldest["given_again"]) == (0, 1)
    assert newest["age"] <= oldest["age"] < 60
    assert (oldest["name"], oldest["model"], oldest["tier"]) == ("test", "echo", "small")
    page = await told(admin, ENTRIES, limit=1)
    assert (len(page["data"]), page["has_more"]) == (1, True)
    assert len((await told(admin, ENTRIES, tenant="test"))["data"]) == 2
    for other in ({"tenant": "owner"}, {"model": "sage"}, {"older_than": 60}, {"collection": "x"}):
        assert (await told(admin, ENTRIES, **other))["data"] == []


async def test_a_flush_says_first_what_would_go(
    client: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    await asked(client, "one")
    await asked(client, "two")
    await asked(admin, "one")
    dry = await told(admin, STATS, "DELETE", tenant="test", dry_run="true")
    assert dry == {"object": "cache.flush", "dry_run": True, "entries": 2}
    assert await asked(client, "one") == "hit"
    gone = await told(admin, STATS, "DELETE", tenant="test")
    assert gone == {"object": "cache.flush", "dry_run": False, "entries": 2}
    assert await asked(client, "one") == "miss"
    assert await asked(admin, "one") == "hit"
    assert (await told(admin, STATS, "DELETE"))["entries"] == 2
    assert (await told(admin, STATS))["entries"] == 0
    acts = (await admin.get("/admin/audit")).json()["data"]
    flushes = [act["details"] for act in acts if act["act"] == "cache.flush"]
    assert flushes == [{"entries": 2}, {"entries": 2, "tenant": "test"}]


@pytest.mark.parametrize(("method", "url"), [("GET", STATS), ("GET", ENTRIES), ("DELETE", STATS)])
async def test_whoever_is_no_admin_is_refused(
    api: Api, client: httpx.AsyncClient, method: str, url: str
) -> None:
    await asked(client, "one")
    refused = await client.request(method, url)
    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == "insufficient_scope"
    assert "admin" in refused.json()["error"]["message"]
    async with api.client(headers={}) as nobody:
        assert (await nobody.request(method, url)).status_code == 401
    assert await asked(client, "one") == "hit"


@pytest.mark.parametrize(
    ("request_line", "param"),
    [
        ("GET /admin/cache?tenant=x", "tenant"),
        ("GET /admin/cache/entries?tenants=x", "tenants"),
        ("GET /admin/cache/entries?dry_run=true", "dry_run"),
        ("GET /admin/cache/entries?limit=0", "limit"),
        ("GET /admin/cache/entries?limit=1001", "limit"),
        ("GET /admin/cache/entries?older_than=-1", "older_than"),
        ("GET /admin/cache/entries?older_than=1h", "older_than"),
        ("GET /admin/cache/entries?older_than=1_0", "older_than"),
        ("GET /admin/cache/entries?older_than=inf", "older_than"),
        ("DELETE /admin/cache?older_then=60", "older_then"),
        ("DELETE /admin/cache?limit=1", "limit"),
        ("DELETE /admin/cache?dry_run=1", "dry_run"),
        ("DELETE /admin/cache?tenant=a&tenant=b", None),
    ],
)
async def test_a_question_that_is_none_is_refused_and_nothing_goes(
    client: httpx.AsyncClient, admin: httpx.AsyncClient, request_line: str, param: str | None
) -> None:
    await asked(client, "one")
    refused = await admin.request(*request_line.split())
    assert refused.status_code == 400
    assert refused.json()["error"]["param"] == param
    assert await asked(client, "one") == "hit"


async def test_a_name_of_two_tenants_is_not_guessed(api: Api, admin: httpx.AsyncClient) -> None:
    api.key_of("twin")
    api.key_of("twin")
    refused = await admin.delete(STATS, params={"tenant": "twin"})
    assert refused.status_code == 409


async def test_where_nothing_is_kept_there_is_nothing_to_see(make_api: MakeApi) -> None:
    api = make_api(cache={"enabled": False})
    key = api.house.keys.create("owner", ADMIN)[1]
    async with api.client(headers={"authorization": f"Bearer {key}"}) as admin:
        refused = await admin.get(STATS)
    assert refused.status_code == 404
    assert "cache.enabled" in refused.json()["error"]["message"]
