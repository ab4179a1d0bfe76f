"""`/admin/keys`, `/admin/groups` and `/admin/audit`."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

KEYS, GROUPS, AUDIT = "/admin/keys", "/admin/groups", "/admin/audit"


@pytest.fixture
async def admin(api: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with api.client(headers=api.key_of("boss", admin=True)) as client:
        yield client


async def made(admin: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    response = await admin.post(KEYS, json={"name": "bot", **fields})
    assert response.status_code == 200, response.text
    return dict(response.json())


async def opens(api: Any, key: str) -> bool:
    async with api.client(headers={"authorization": f"Bearer {key}"}) as client:
        status = (await client.get("/v1/models")).status_code
    assert status in (200, 401)
    return status == 200


async def test_a_key_is_made_shown_once_and_opens(api: Any, admin: httpx.AsyncClient) -> None:
    rights = {"scopes": ["chat"], "models": ["echo"], "cache": "exact", "filters": "private"}
    limits = {"requests": 5, "day": {"tokens": 1000}}
    key = await made(admin, **rights, limits=limits)
    assert await opens(api, key["key"])
    shown = (await admin.get(f"{KEYS}/{key['id']}")).json()
    assert "key" not in shown
    assert rights.items() <= shown.items()
    assert (shown["limits"]["requests"], shown["limits"]["day"]["tokens"]) == (5, 1000)
    listed = await admin.get(KEYS)
    assert key["key"].split("-", 2)[2] not in listed.text
    assert [each["name"] for each in listed.json()["data"]] == ["test", "boss", "bot"]


async def test_a_key_may_see_what_another_one_does(admin: httpx.AsyncClient) -> None:
    first = await made(admin)
    assert (await made(admin, like=first["id"]))["tenant"] == first["tenant"]
    unknown = await admin.post(KEYS, json={"name": "x", "like": "nobody"})
    assert (unknown.status_code, unknown.json()["error"]["param"]) == (404, "like")


async def test_what_is_not_named_in_a_change_stays(admin: httpx.AsyncClient) -> None:
    key = await made(admin, models=["echo"], cache="off")
    changed = await admin.patch(f"{KEYS}/{key['id']}", json={"scopes": ["embed"], "models": None})
    told = changed.json()
    assert (told["scopes"], told["models"], told["cache"]) == (["embed"], None, "off")


async def test_a_revoked_key_opens_nothing_any_more(api: Any, admin: httpx.AsyncClient) -> None:
    key = await made(admin)
    assert (await admin.delete(f"{KEYS}/{key['id']}")).json()["deleted"]
    assert not await opens(api, key["key"])
    assert (await admin.delete(f"{KEYS}/{key['id']}")).status_code == 404


async def test_a_rotated_key_opens_for_its_overlap(api: Any, admin: httpx.AsyncClient) -> None:
    key = await made(admin)
    new = (await admin.post(f"{KEYS}/{key['id']}/rotate", json={"overlap": 60})).json()
    assert await opens(api, key["key"])
    assert await opens(api, new["key"])
    last = (await admin.post(f"{KEYS}/{new['id']}/rotate", json={})).json()
    assert not await opens(api, new["key"])
    assert await opens(api, last["key"])


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({}, "name", "missing_required_parameter"),
        ({"name": ""}, "name", "invalid_value"),
        ({"name": "x", "scope": ["chat"]}, "scope", "unknown_parameter"),
        ({"name": "x", "scopes": []}, "scopes", "empty_array"),
        ({"name": "x", "scopes": ["root"]}, "scopes[0]", "invalid_value"),
        ({"name": "x", "parent": "nobody"}, "parent", "invalid_value"),
        ({"name": "x", "limits": {"requests": "5"}}, "limits.requests", "invalid_type"),
        ({"name": "x", "limits": {"request": 5}}, "limits.request", "unknown_parameter"),
        ({"name": "x", "limits": {"day": {"money": 0}}}, "limits.day.money", None),
        ({"name": "x", "expires_at": "soon"}, "expires_at", "invalid_type"),
    ],
)
async def test_what_is_wrong_with_a_key_is_said_by_field(
    admin: httpx.AsyncClient, fields: dict[str, Any], param: str, code: str | None
) -> None:
    refused = await admin.post(KEYS, json=fields)
    error = refused.json()["error"]
    assert (refused.status_code, error["param"]) == (400, param)
    assert code in (None, error["code"])


async def test_groups_are_made_changed_and_removed(admin: httpx.AsyncClient) -> None:
    await admin.post(GROUPS, json={"name": "team", "limits": {"requests": 5}})
    await admin.post(GROUPS, json={"name": "anna", "kind": "person", "parent": "team"})
    changed = await admin.post(GROUPS, json={"name": "team", "limits": {"tokens": 9}})
    assert (changed.json()["limits"]["tokens"], changed.json()["limits"]["requests"]) == (9, None)
    await made(admin, parent="anna")
    for name in ("team", "anna"):
        assert (await admin.delete(f"{GROUPS}/{name}")).status_code == 409
    assert [each["id"] for each in (await admin.get(GROUPS)).json()["data"]] == ["anna", "team"]
    over = await admin.post(GROUPS, json={"name": "team", "parent": "anna"})
    assert (over.status_code, over.json()["error"]["param"]) == (400, "parent")


async def test_what_was_done_is_told_newest_first_and_in_pages(
    api: Any, admin: httpx.AsyncClient
) -> None:
    key = await made(admin)
    await admin.delete(f"{KEYS}/{key['id']}")
    page = (await admin.get(AUDIT, params={"limit": 2})).json()
    boss = api.house.keys.found("boss")[0].id
    acts = [(act["act"], act["actor"], act["target"]) for act in page["data"]]
    assert acts == [("key.revoke", boss, key["id"]), ("key.create", boss, key["id"])]
    assert page["has_more"]
    rest = (await admin.get(AUDIT, params={"before": page["last_id"]})).json()
    assert [act["actor"] for act in rest["data"]] == ["local", "local"]
