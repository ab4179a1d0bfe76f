"""`/v1/vector_stores`: collections, their documents, and what is found in them."""

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator
from typing import Any

import httpx
import openai
import pytest

from index.store.records import Reader
from serve.api.library_objects import DAY

STORES = "/v1/vector_stores"
FOX = b"# Animals\n\nThe quick brown fox jumps over the lazy dog.\n"
TAX = b"# Money\n\nIncome tax is due in the month of March every year.\n"


@pytest.fixture
async def client(documents_api: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with documents_api.client() as client:
        yield client


@pytest.fixture
def official(documents_api: Any, client: httpx.AsyncClient) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(
        api_key=documents_api.key, base_url="http://localhost/v1", http_client=client
    )


async def made(client: httpx.AsyncClient, url: str, body: Any = None) -> Any:
    response = await client.post(url, json=body or {})
    assert response.status_code == 200, response.text
    return response.json()


async def uploaded(client: httpx.AsyncClient, data: bytes, name: str = "a.md") -> str:
    form = {"purpose": "assistants"}
    response = await client.post("/v1/files", files={"file": (name, data)}, data=form)
    assert response.status_code == 200, response.text
    return str(response.json()["id"])


async def ended(client: httpx.AsyncClient, store: str, file: str) -> Any:
    """The document, once nothing is done about it any more."""
    async with asyncio.timeout(30):
        while True:
            found = (await client.get(f"{STORES}/{store}/files/{file}")).json()
            if found["status"] != "in_progress":
                return found
            await asyncio.sleep(0.02)


async def added(client: httpx.AsyncClient, store: str, data: bytes, **more: Any) -> Any:
    file = await uploaded(client, data)
    await made(client, f"{STORES}/{store}/files", {"file_id": file, **more})
    return await ended(client, store, file)


async def test_the_official_client_makes_changes_lists_and_deletes_collections(
    official: openai.AsyncOpenAI,
) -> None:
    first = await official.vector_stores.create(name="Handbook", metadata={"team": "a"})
    second = await official.vector_stores.create()
    assert (first.name, first.status, first.metadata) == ("Handbook", "completed", {"team": "a"})
    assert second.name == "untitled"
    assert [s.id async for s in official.vector_stores.list(limit=1)] == [second.id, first.id]
    changed = await official.vector_stores.update(first.id, name="Book", metadata={})
    assert (changed.name, changed.metadata) == ("Book", {})
    assert await official.vector_stores.retrieve(first.id) == changed
    assert (await official.vector_stores.delete(first.id)).deleted
    with pytest.raises(openai.NotFoundError):
        await official.vector_stores.retrieve(first.id)


async def test_what_made_the_vectors_is_told_to_the_owner(client: httpx.AsyncClient) -> None:
    store = (await made(client, STORES))["id"]
    await added(client, store, FOX)
    told = (await client.get(f"{STORES}/{store}/embedder")).json()
    [only] = told["sets"]
    assert (told["asking"], told["passages"]) == (only["embedder"], 1)
    assert (only["use"], only["passages"], only["recall"]) == ("current", 1, None)
    for method, path in (("POST", "back"), ("DELETE", "former")):
        refused = await client.request(method, f"{STORES}/{store}/embedder/{path}")
        assert refused.status_code == 409
        assert "No former vectors" in refused.json()["error"]["message"]


async def test_the_official_client_adds_reads_changes_and_deletes_documents(
    official: openai.AsyncOpenAI,
) -> None:
    store = await official.vector_stores.create(name="s")
    file = await official.vector_stores.files.upload_and_poll(
        vector_store_id=store.id, file=("fox.md", FOX), poll_interval_ms=20
    )
    assert (file.status, file.last_error, file.vector_store_id) == ("completed", None, store.id)
    where = {"vector_store_id": store.id}
    changed = await official.vector_stores.files.update(
        file.id, attributes={"year": 2024, "draft": False, "by": "Ada"}, **where
    )
    assert changed.attributes == {"year": 2024, "draft": False, "by": "Ada"}
    assert [f.id async for f in official.vector_stores.files.list(store.id)] == [file.id]
    failed = official.vector_stores.files.list(store.id, filter="failed")
    assert [f.id async for f in failed] == []
    pieces = await official.vector_stores.files.content(file.id, **where)
    assert "quick brown fox" in "".join(piece.text or "" for piece in pieces.data)
    counts = (await official.vector_stores.retrieve(store.id)).file_counts
    assert (counts.completed, counts.total) == (1, 1)
    assert (await official.vector_stores.files.delete(file.id, **where)).deleted
    with pytest.raises(openai.NotFoundError):
        await official.vector_stores.files.retrieve(file.id, **where)
    assert (await official.files.retrieve(file.id)).filename == "fox.md"


async def test_the_same_content_again_is_found_under_its_new_file(
    official: openai.AsyncOpenAI,
) -> None:
    store = await official.vector_stores.create(name="s")
    for _ in range(2):
        file = await official.vector_stores.files.upload_and_poll(
            vector_store_id=store.id, file=("fox.md", FOX), poll_interval_ms=20
        )
        assert file.status == "completed"
    assert [f.id async for f in official.vector_stores.files.list(store.id)] == [file.id]


async def test_files_named_with_a_new_collection_are_added(client: httpx.AsyncClient) -> None:
    files = [await uploaded(client, FOX, "fox.md"), await uploaded(client, TAX, "tax.md")]
    store = await made(client, STORES, {"file_ids": files})
    assert store["file_counts"]["total"] == 2
    assert [(await ended(client, store["id"], f))["status"] for f in files] == ["completed"] * 2


async def test_no_collection_is_made_when_one_of_its_files_is_unknown(
    client: httpx.AsyncClient,
) -> None:
    files = [await uploaded(client, FOX), "file-nobody"]
    response = await client.post(STORES, json={"file_ids": files})
    assert response.status_code == 404
    assert (await client.get(STORES)).json()["data"] == []


async def test_a_document_tells_how_it_was_understood(client: httpx.AsyncClient) -> None:
    store = (await made(client, STORES))["id"]
    found = await added(client, store, FOX, name="zoo/fox.md", attributes={"year": 2024})
    assert (found["name"], found["passages"], found["attributes"]) == (
        "zoo/fox.md",
        1,
        {"year": 2024},
    )
    assert found["progress"]["stage"] == "done"
    url = f"{STORES}/{store}/files/{found['id']}"
    (passage,) = (await client.get(f"{url}/passages")).json()["data"]
    assert (passage["ordinal"], passage["start"]) == (0, 0)
    assert "quick brown fox" in passage["text"]
    original = await client.get(f"{url}/original")
    assert original.content == FOX
    assert original.headers["content-disposition"].startswith('attachment; filename="fox.md"')


async def test_passages_come_in_pages(client: httpx.AsyncClient) -> None:
    store = (await made(client, STORES))["id"]
    chapters = "".join(f"# Chapter {i}\n\n{'Words of it. ' * 200}\n\n" for i in range(5))
    found = await added(client, store, chapters.encode())
    url = f"{STORES}/{store}/files/{found['id']}/passages"
    everything = (await client.get(url)).json()
    assert len(everything["data"]) == found["passages"] >= 5
    first = (await client.get(f"{url}?limit=2")).json()
    assert first["has_more"]
    rest = (await client.get(f"{url}?after={first['last_id']}")).json()
    assert not rest["has_more"]
    assert first["data"] + rest["data"] == everything["data"]
    assert {passage["heading"] for passage in everything["data"]} >= {"Chapter 1", "Chapter 4"}
    assert (await client.get(f"{url}?after=0")).status_code == 400


async def test_members_of_an_archive_have_ids_of_their_own(client: httpx.AsyncClient) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("fox.md", FOX)
        archive.writestr("tax.md", TAX)
    store = (await made(client, STORES))["id"]
    whole = await added(client, store, packed.getvalue(), name="both.zip")
    listed = (await client.get(f"{STORES}/{store}/files?order=asc")).json()["data"]
    assert [each["name"] for each in listed] == ["both.zip", "both.zip/fox.md", "both.zip/tax.md"]
    assert listed[0]["id"] == whole["id"] != listed[0]["document"]
    for member in listed[1:]:
        assert member["id"] == member["document"]
        assert (await client.get(f"{STORES}/{store}/files/{member['id']}")).json() == member
    by_document = await client.get(f"{STORES}/{store}/files/{whole['document']}")
    assert by_document.json() == whole


@pytest.mark.parametrize(
    ("data", "code", "reason"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "invalid_file", "no_text"),
        (b"Rar!\x1a\x07\x00" + bytes(100), "unsupported_file", "unsupported"),
        (b"PK\x03\x04 cut off", "invalid_file", "damaged"),
    ],
)
async def test_a_document_that_cannot_be_read_says_why(
    client: httpx.AsyncClient, data: bytes, code: str, reason: str
) -> None:
    store = (await made(client, STORES))["id"]
    found = await added(client, store, data)
    assert found["status"] == "failed"
    assert (found["last_error"]["code"], found["last_error"]["reason"]) == (code, reason)
    assert found["last_error"]["message"]


async def test_only_work_under_way_can_be_cancelled(client: httpx.AsyncClient) -> None:
    store = (await made(client, STORES))["id"]
    found = await added(client, store, FOX)
    response = await client.post(f"{STORES}/{store}/files/{found['id']}/cancel")
    assert (response.status_code, response.json()["error"]["code"]) == (409, "conflict")
    assert response.headers["x-should-retry"] == "false"
    file = await uploaded(client, b"Many words. " * 200_000, "long.txt")
    await made(client, f"{STORES}/{store}/files", {"file_id": file})
    cancelled = await client.post(f"{STORES}/{store}/files/{file}/cancel")
    assert cancelled.json()["status"] == "cancelled"
    assert cancelled.json()["last_error"] is None


async def test_a_collection_lives_until_some_days_after_its_last_use(
    client: httpx.AsyncClient, documents_api: Any
) -> None:
    after = {"anchor": "last_active_at", "days": 2}
    store = await made(client, STORES, {"expires_after": after})
    assert store["expires_after"] == after
    assert store["expires_at"] - store["last_active_at"] == 2 * DAY
    library, owner = documents_api.house.library, Reader(documents_api.house.keys.all()[0].tenant)
    from index.store.collections import Changes

    yesterday = store["expires_at"] - DAY
    await library.change_collection(owner, store["id"], Changes(expires_at=yesterday))
    await added(client, store["id"], FOX)
    used = (await client.get(f"{STORES}/{store['id']}")).json()
    assert used["expires_at"] >= store["expires_at"]
    kept = await made(client, f"{STORES}/{store['id']}", {"name": "other"})
    assert kept["expires_after"] == after
    never = await made(client, f"{STORES}/{store['id']}", {"expires_after": None})
    assert (never["expires_after"], never["expires_at"]) == (None, None)


BAD_STORES = [
    ({"name": ""}, "name"),
    ({"name": "x" * 1025}, "name"),
    ({"name": "a\nb"}, "name"),
    ({"name": 7}, "name"),
    ({"description": "x" * 513}, "description"),
    ({"metadata": {str(i): "x" for i in range(17)}}, "metadata"),
    ({"metadata": {"a": 1}}, "metadata.a"),
    ({"metadata": {"a": "x" * 513}}, "metadata.a"),
    ({"metadata": {"": "x"}}, "metadata."),
    ({"metadata": []}, "metadata"),
    ({"file_ids": "file-1"}, "file_ids"),
    ({"file_ids": ["x"] * 101}, "file_ids"),
    ({"file_ids": [1]}, "file_ids[0]"),
    ({"expires_after": {"anchor": "last_active_at", "days": 0}}, "expires_after.days"),
    ({"expires_after": {"anchor": "created_at", "days": 1}}, "expires_after.anchor"),
    ({"expires_after": {"days": 1}}, "expires_after.anchor"),
    ({"chunking_strategy": {"type": "static"}}, "chunking_strategy.type"),
    ({"chunking_strategy": {"type": "auto", "static": {}}}, "chunking_strategy.static"),
    ({"colour": "red"}, "colour"),
]
BAD_FILES = [
    ({}, "file_id"),
    ({"file_id": 1}, "file_id"),
    ({"file_id": "x", "attributes": {"a": None}}, "attributes.a"),
    ({"file_id": "x", "attributes": {"a": [1]}}, "attributes.a"),
    ({"file_id": "x", "attributes": {"a": 10**30}}, "attributes.a"),
    ({"file_id": "x", "attributes": {str(i): 1 for i in range(17)}}, "attributes"),
    ({"file_id": "x", "name": "a\x1bb"}, "name"),
    ({"file_id": "x", "chunking_strategy": {"type": "static"}}, "chunking_strategy.type"),
]
BAD_SEARCHES = [
    ({}, "query"),
    ({"query": ""}, "query"),
    ({"query": []}, "query"),
    ({"query": [""]}, "query[0]"),
    ({"query": 1}, "query"),
    ({"query": "x", "max_num_results": 0}, "max_num_results"),
    ({"query": "x", "max_num_results": 51}, "max_num_results"),
    ({"query": "x", "filters": {"type": "like"}}, "filters.type"),
    ({"query": "x", "filters": {"type": "or", "filters": [1]}}, "filters.filters[0]"),
    ({"query": "x", "filters": "year"}, "filters"),
    ({"query": "x", "ranking_options": {"score_threshold": 2}}, "ranking_options.score_threshold"),
    ({"query": "x", "ranking_options": {"ranker": "best"}}, "ranking_options.ranker"),
    ({"query": "x", "rewrite_query": "yes"}, "rewrite_query"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("below", "body", "param"),
    [
        *[("", *case) for case in BAD_STORES],
        *[("/{store}/files", *case) for case in BAD_FILES],
        *[("/{store}/search", *case) for case in BAD_SEARCHES],
        ("/{store}/readers", {}, "key"),
        ("/{store}/readers", {"key": 1}, "key"),
        ("/{store}/files/x", {}, "attributes"),
        ("/{store}", {"name": ""}, "name"),
    ],
)
async def test_a_bad_request_names_the_field(
    client: httpx.AsyncClient, below: str, body: Any, param: str
) -> None:
    store = (await made(client, STORES))["id"]
    response = await client.post(STORES + below.format(store=store), json=body)
    assert (response.status_code, response.json()["error"]["param"]) == (400, param)
    assert len((await client.get(STORES)).json()["data"]) == 1


async def test_what_is_found_tells_where_it_stands_and_how_it_was_found(
    client: httpx.AsyncClient, official: openai.AsyncOpenAI
) -> None:
    store = (await made(client, STORES))["id"]
    fox = await added(client, store, FOX, name="fox.md", attributes={"kind": "animal"})
    await added(client, store, TAX, name="tax.md", attributes={"kind": "money"})
    page = await official.vector_stores.search(store, query="the quick brown fox")
    assert (page.data[0].file_id, page.data[0].filename) == (fox["id"], "fox.md")
    assert "quick brown fox" in page.data[0].content[0].text
    assert 0 <= page.data[0].score <= 1
    asked = {"query": ["quick", "fox"], "max_num_results": 1, "rewrite_query": True}
    full = await made(client, f"{STORES}/{store}/search", asked)
    (hit,) = full["data"]
    assert (hit["document"], hit["page"]) == (fox["document"], None)
    assert hit["stages"]
    assert full["timings"]
    assert full["search_query"] == ["quick", "fox"] == full["words"]
    assert any("rewritten" in note for note in full["notes"])


async def test_filters_and_thresholds_leave_out(client: httpx.AsyncClient) -> None:
    store = (await made(client, STORES))["id"]
    await added(client, store, FOX, name="fox.md", attributes={"kind": "animal"})
    await added(client, store, TAX, name="tax.md", attributes={"kind": "money"})
    url = f"{STORES}/{store}/search"
    only = {"type": "eq", "key": "kind", "value": "money"}
    found = await made(client, url, {"query": "quick brown fox", "filters": only})
    assert {hit["filename"] for hit in found["data"]} <= {"tax.md"}
    best = {"query": "quick brown fox", "ranking_options": {"score_threshold": 1}}
    assert all(hit["score"] == 1 for hit in (await made(client, url, best))["data"])


async def test_a_deleted_document_is_found_no_more(client: httpx.AsyncClient) -> None:
    store = (await made(client, STORES))["id"]
    fox = await added(client, store, FOX)
    url = f"{STORES}/{store}/search"
    assert (await made(client, url, {"query": "quick brown fox"}))["data"]
    await client.delete(f"{STORES}/{store}/files/{fox['id']}")
    assert (await made(client, url, {"query": "quick brown fox"}))["data"] == []


async def test_files_that_nothing_else_was_made_from_go_with_it_where_that_is_wished(
    client: httpx.AsyncClient,
) -> None:
    one, other = [(await made(client, STORES, {"name": n}))["id"] for n in "ab"]
    fox = (await added(client, one, FOX, name="fox.md"))["id"]
    tax = (await added(client, one, TAX, name="tax.md"))["id"]
    await made(client, f"{STORES}/{other}/files", {"file_id": tax})
    await ended(client, other, tax)

    async def kept() -> list[str]:
        return [file["id"] for file in (await client.get("/v1/files?order=asc")).json()["data"]]

    refused = await client.delete(f"{STORES}/{one}?files=all")
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "files")
    assert (await client.delete(f"{STORES}/{one}/files/{fox}?files=unused")).status_code == 200
    assert await kept() == [tax]
    assert (await client.delete(f"{STORES}/{one}?files=unused")).status_code == 200
    assert await kept() == [tax]
    assert (await client.delete(f"{STORES}/{other}?files=unused")).status_code == 200
    assert await kept() == []


async def test_without_the_embedder_words_are_searched_for_and_it_is_said(
    make_api: Any, library: Any
) -> None:
    from dataclasses import replace

    api = make_api(library=library)
    api.house = replace(api.house, embedder=None)
    async with api.client() as client:
        store = (await made(client, STORES))["id"]
        await added(client, store, FOX)
        found = await made(client, f"{STORES}/{store}/search", {"query": "fox"})
    assert found["data"]
    assert found["notes"]
