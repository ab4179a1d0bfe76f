"""Who sees which documents: others nothing at all, readers what they may read, admins all."""

from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from index.store.records import NewDocument, Reader

STORES = "/v1/vector_stores"
SECRET = b"The password of the vault is swordfish.\n"


@dataclass(frozen=True)
class Shelf:
    """What the first key has, before the others come."""

    store: str
    file: str
    document: str
    member: str


@pytest.fixture
async def shelf(documents_api: Any) -> Shelf:
    library, (key,) = documents_api.house.library, documents_api.house.keys.all()
    reader = Reader(key.tenant)
    async with documents_api.client() as client:
        form = {"purpose": "assistants"}
        sent = await client.post("/v1/files", files={"file": ("a.md", SECRET)}, data=form)
        file = sent.json()["id"]
        made = await client.post(STORES, json={"name": "vault", "file_ids": [file]})
        store = made.json()["id"]
        listed = (await client.get(f"{STORES}/{store}/files")).json()["data"]
    inside = NewDocument(file, "a.md/inside", "0" * 64)
    member = library._store.jobs.begin(reader, store, inside).document.id
    return Shelf(store, file, listed[0]["document"], member)


def requests_about(shelf: Shelf) -> list[tuple[str, str, Any]]:
    """Every verb on everything there is: method, path, body."""
    store = f"{STORES}/{shelf.store}"
    asked: list[tuple[str, str, Any]] = [
        ("GET", f"/v1/files/{shelf.file}", None),
        ("HEAD", f"/v1/files/{shelf.file}", None),
        ("GET", f"/v1/files/{shelf.file}/content", None),
        ("DELETE", f"/v1/files/{shelf.file}", None),
        ("GET", store, None),
        ("POST", store, {"name": "mine"}),
        ("DELETE", store, None),
        ("POST", f"{store}/search", {"query": "password"}),
        ("GET", f"{store}/embedder", None),
        ("POST", f"{store}/embedder/back", None),
        ("DELETE", f"{store}/embedder/former", None),
        ("GET", f"{store}/readers", None),
        ("POST", f"{store}/readers", {"key": "test"}),
        ("DELETE", f"{store}/readers/test", None),
        ("GET", f"{store}/files", None),
        ("POST", f"{store}/files", {"file_id": shelf.file}),
    ]
    for document in (shelf.file, shelf.document, shelf.member):
        url = f"{store}/files/{document}"
        asked += [
            ("GET", url, None),
            ("HEAD", url, None),
            ("POST", url, {"attributes": {"a": 1}}),
            ("DELETE", url, None),
            ("GET", f"{url}/content", None),
            ("GET", f"{url}/passages", None),
            ("GET", f"{url}/original", None),
            ("POST", f"{url}/cancel", None),
        ]
    return asked


def without_ids(response: httpx.Response, shelf: Shelf) -> str:
    text = response.text
    for known in (shelf.store, shelf.file, shelf.document, shelf.member):
        text = text.replace(known, "ID").replace(f"{known[:-1]}0", "ID")
    return text


def made_up(text: str, shelf: Shelf) -> str:
    """The same about ids that nobody ever had."""
    for known in (shelf.store, shelf.file, shelf.document, shelf.member):
        text = text.replace(known, f"{known[:-4]}zzzz")
    return text


async def test_to_another_key_nothing_of_it_was_ever_there(
    documents_api: Any, shelf: Shelf
) -> None:
    before = await whole(documents_api, shelf)
    async with documents_api.client(headers=documents_api.key_of("other")) as other:
        for method, path, body in requests_about(shelf):
            real = await other.request(method, path, json=body)
            never = await other.request(method, made_up(path, shelf), json=body)
            assert (real.status_code, never.status_code) == (404, 404), (method, path)
            assert real.text == made_up_back(never.text, shelf), (method, path)
        for listing in ("/v1/files", STORES):
            assert (await other.get(listing)).json()["data"] == []
        for cursor in (f"/v1/files?after={shelf.file}", f"{STORES}?after={shelf.store}"):
            assert (await other.get(cursor)).status_code == 400
        mine = (await other.post(STORES, json={})).json()["id"]
        stolen = await other.post(f"{STORES}/{mine}/files", json={"file_id": shelf.file})
        assert stolen.status_code == 404
        started = await other.post(STORES, json={"file_ids": [shelf.file]})
        assert started.status_code == 404
        for document in (shelf.file, shelf.document, shelf.member):
            assert (await other.get(f"{STORES}/{mine}/files/{document}")).status_code == 404
    assert await whole(documents_api, shelf) == before


def made_up_back(text: str, shelf: Shelf) -> str:
    for known in (shelf.store, shelf.file, shelf.document, shelf.member):
        text = text.replace(f"{known[:-4]}zzzz", known)
    return text


async def whole(api: Any, shelf: Shelf) -> list[Any]:
    """What its owner sees of it."""
    store = f"{STORES}/{shelf.store}"
    async with api.client() as client:
        urls = (store, f"{store}/files", f"{store}/readers", f"/v1/files/{shelf.file}")
        seen = [(await client.get(url)).json() for url in urls]
    names = [(each["id"], each["attributes"]) for each in seen[1]["data"]]
    return [seen[0]["name"], names, seen[2]["data"], seen[3]]


READS = {
    "": "GET",
    "/files": "GET",
    "/files/{file}": "GET",
    "/files/{file}/passages": "GET",
    "/files/{file}/content": "GET",
    "/files/{file}/original": "GET",
}
WRITES = [
    ("POST", "", {"name": "x"}),
    ("DELETE", "", None),
    ("POST", "/files/{file}", {"attributes": {}}),
    ("DELETE", "/files/{file}", None),
    ("POST", "/files/{file}/cancel", None),
    ("GET", "/embedder", None),
    ("POST", "/embedder/back", None),
    ("DELETE", "/embedder/former", None),
    ("GET", "/readers", None),
    ("POST", "/readers", {"key": "friend"}),
    ("DELETE", "/readers/friend", None),
]


async def test_a_reader_reads_and_changes_nothing(documents_api: Any, shelf: Shelf) -> None:
    store = f"{STORES}/{shelf.store}"
    friend = documents_api.key_of("friend")
    async with documents_api.client() as owner, documents_api.client(headers=friend) as reader:
        shared = await owner.post(f"{store}/readers", json={"key": "friend"})
        assert shared.json()["names"] == ["friend"]
        assert (await reader.get(store)).json()["access"] == "reader"
        for below, method in READS.items():
            response = await reader.request(method, store + below.format(file=shelf.file))
            assert response.status_code == 200, below
        for method, below, body in WRITES:
            path = store + below.format(file=shelf.file)
            response = await reader.request(method, path, json=body)
            assert (response.status_code, response.json()["error"]["code"]) == (403, "forbidden")
        own = await reader.post(
            "/v1/files", files={"file": ("b.md", b"# B")}, data={"purpose": "assistants"}
        )
        put = await reader.post(f"{store}/files", json={"file_id": own.json()["id"]})
        assert put.status_code == 403
        assert (await reader.get(f"/v1/files/{shelf.file}")).status_code == 404
        assert (await owner.delete(f"{store}/readers/friend")).json()["deleted"]
        assert (await reader.get(store)).status_code == 404


async def test_a_rotated_key_still_reads_and_a_tenant_without_keys_can_be_removed(
    documents_api: Any, shelf: Shelf
) -> None:
    store = f"{STORES}/{shelf.store}"
    documents_api.key_of("friend")
    async with documents_api.client() as owner:
        tenant = (await owner.post(f"{store}/readers", json={"key": "friend"})).json()["id"]
        rotated = documents_api.house.keys.rotate("friend")[1]
        headers = {"authorization": f"Bearer {rotated}"}
        async with documents_api.client(headers=headers) as reader:
            assert (await reader.get(store)).status_code == 200
        documents_api.house.keys.revoke("friend")
        listed = (await owner.get(f"{store}/readers")).json()["data"]
        assert listed == [{"id": tenant, "object": "vector_store.reader", "names": []}]
        await owner.delete(f"{store}/readers/{tenant}")
        assert (await owner.get(f"{store}/readers")).json()["data"] == []


async def test_sharing_needs_a_key_that_there_is_and_one_only(
    documents_api: Any, shelf: Shelf
) -> None:
    url = f"{STORES}/{shelf.store}/readers"
    async with documents_api.client() as owner:
        nobody = await owner.post(url, json={"key": "nobody"})
        assert (nobody.status_code, nobody.json()["error"]["param"]) == (404, "key")
        documents_api.key_of("twin")
        documents_api.key_of("twin")
        assert (await owner.post(url, json={"key": "twin"})).status_code == 409
        last = documents_api.house.keys.all()[-1]
        assert (await owner.post(url, json={"key": last.id})).json()["id"] == last.tenant


async def test_an_admin_sees_and_changes_everything(documents_api: Any, shelf: Shelf) -> None:
    admin = documents_api.key_of("root", admin=True)
    async with documents_api.client(headers=admin) as client:
        assert (await client.get(f"{STORES}/{shelf.store}")).json()["access"] == "admin"
        assert len((await client.get("/v1/files")).json()["data"]) == 1
        renamed = await client.post(f"{STORES}/{shelf.store}", json={"name": "x"})
        assert renamed.json()["name"] == "x"
        assert (await client.delete(f"/v1/files/{shelf.file}")).status_code == 200
        assert (await client.get(f"{STORES}/{shelf.store}/files")).json()["data"] == []
