"""What a key may do: scopes, models and collections, on every route."""

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from serve.api.routes import ROUTES, Route
from serve.ledger.rights import SCOPES, Rights, Scope

CHAT = "/v1/chat/completions"
STORES = "/v1/vector_stores"
BODY = {"model": "echo", "messages": [{"role": "user", "content": "hi"}]}
CLOSED = [route for route in ROUTES if not route.public]
METHODS = [
    (route, method)
    for route in CLOSED
    for method in route.handlers
    if method != "HEAD"  # it is GET
]


def url(route: Route) -> str:
    return re.sub(r"\{\w+\}", "x", route.name)


def headers_of(api: Any, rights: Rights, like: str | None = None) -> dict[str, str]:
    tenant = api.house.keys.found(like)[0].tenant if like else None
    return {"authorization": f"Bearer {api.house.keys.create('bot', rights, tenant)[1]}"}


def error(response: httpx.Response) -> Any:
    return response.json()["error"]


@pytest.mark.parametrize("scope", SCOPES)
async def test_every_route_lets_in_who_has_a_scope_for_it_and_nobody_else(
    documents_api: Any, scope: Scope
) -> None:
    key = headers_of(documents_api, Rights(scopes=[scope]))
    async with documents_api.client(headers=key) as client:
        for route, method in METHODS:
            needed = route.needs(method)
            response = await client.request(method, url(route))
            refused = (
                response.status_code == 403 and error(response)["code"] == "insufficient_scope"
            )
            assert refused != (not needed or scope == "admin" or scope in needed), (method, route)
            if refused:
                assert all(word in error(response)["message"] for word in (*needed, scope))
                assert response.headers["x-should-retry"] == "false"


def test_what_changes_documents_needs_ingest_and_what_manages_needs_admin() -> None:
    for route, method in METHODS:
        if route.name.startswith("/admin/"):
            assert route.needs(method) == ("admin",)
        elif route.name.startswith(("/v1/files", STORES)) and "search" not in route.name:
            wanted = ("chat", "ingest") if method == "GET" else ("ingest",)
            assert route.needs(method) == wanted
    open_to_all = {route.name for route in CLOSED if not route.scopes}
    assert open_to_all == {"/v1/models", "/v1/key", "/metrics", "/v1/receipts/{receipt}"}  # its own


async def test_a_model_that_is_not_the_keys_is_refused_and_not_listed(api: Any) -> None:
    key = headers_of(api, Rights(models=["hash"]))
    async with api.client(headers=key) as client:
        for model in ("echo", "small"):
            refused = await client.post(CHAT, json={**BODY, "model": model})
            assert (refused.status_code, error(refused)["code"]) == (403, "model_not_allowed")
            assert error(refused)["param"] == "model"
        auto = await client.post(CHAT, json={**BODY, "model": "auto"})
        assert (auto.status_code, error(auto)["code"]) == (403, "model_not_allowed")
        unknown = await client.post(CHAT, json={**BODY, "model": "nothing"})
        assert (unknown.status_code, error(unknown)["code"]) == (404, "model_not_found")
        listed = (await client.get("/v1/models")).json()["data"]
        assert [model["id"] for model in listed] == ["hash"]
        assert (await client.get("/v1/models/echo")).status_code == 404
        vectors = await client.post("/v1/embeddings", json={"model": "hash", "input": "a"})
        assert vectors.status_code == 200


async def test_an_embedding_model_that_is_not_the_keys_is_refused(api: Any) -> None:
    async with api.client(headers=headers_of(api, Rights(models=["echo"]))) as client:
        refused = await client.post("/v1/embeddings", json={"model": "hash", "input": "a"})
        assert (refused.status_code, error(refused)["code"]) == (403, "model_not_allowed")
        assert (await client.post(CHAT, json=BODY)).status_code == 200


@pytest.fixture
async def stores(documents_api: Any) -> AsyncIterator[tuple[Any, list[str], list[str]]]:
    """An API whose key has two collections with a file each: their ids, and the files'."""
    stores, files = [], []
    async with documents_api.client() as client:
        for name in ("one", "two"):
            made = await client.post(STORES, json={"name": name})
            stores.append(made.json()["id"])
            file = await client.post(
                "/v1/files",
                files={"file": (f"{name}.txt", f"Text {name}.".encode())},
                data={"purpose": "assistants"},
            )
            files.append(file.json()["id"])
            added = {"file_id": files[-1]}
            await client.post(f"{STORES}/{stores[-1]}/files", json=added)
        yield documents_api, stores, files


@pytest.mark.parametrize("by", ["id", "name"])
async def test_there_are_no_collections_for_a_key_but_its_own(stores: Any, by: str) -> None:
    api, (one, two), (own_file, other_file) = stores
    key = headers_of(api, Rights(collections=[one if by == "id" else "one"]), like="test")
    async with api.client(headers=key) as client:
        listed = (await client.get(STORES)).json()["data"]
        assert [store["id"] for store in listed] == [one]
        assert (await client.get(f"{STORES}/{one}/files")).status_code == 200
        for method, path in [
            ("GET", f"{STORES}/{two}"),
            ("GET", f"{STORES}/{two}/files"),
            ("DELETE", f"{STORES}/{two}"),
            ("GET", f"/v1/files/{other_file}"),
            ("GET", f"/v1/files/{other_file}/content"),
            ("DELETE", f"/v1/files/{other_file}"),
        ]:
            assert (await client.request(method, path)).status_code == 404, path
        found = await client.post(f"{STORES}/{two}/search", json={"query": "Text"})
        assert found.status_code == 404
        files = (await client.get("/v1/files")).json()["data"]
        assert [file["id"] for file in files] == [own_file]
        made = await client.post(STORES, json={"name": "one"})
        assert (made.status_code, error(made)["code"]) == (403, "forbidden")


async def test_a_key_may_be_kept_from_kept_answers(api: Any) -> None:
    body = {**BODY, "temperature": 0}
    async with api.client(headers=headers_of(api, Rights(cache="off"))) as client:
        for _ in range(2):
            response = await client.post(CHAT, json={**body, "cache": "max-age=60"})
            assert response.headers["x-hearth-cache"] in ("off", "no-store")
