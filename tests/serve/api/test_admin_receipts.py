"""`/admin/receipts` over real requests: filtered, paged, and for admins alone."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from tests.serve.api.conftest import Api, MakeApi
from tests.serve.api.test_receipts import asked, receipted

URL = "/admin/receipts"


@pytest.fixture
def api(make_api: MakeApi) -> Iterator[Api]:
    yield from receipted(make_api())


@pytest.fixture
async def admin(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    async with api.client(headers=api.key_of("owner", admin=True)) as client:
        yield client


async def told(admin: httpx.AsyncClient, **query: Any) -> Any:
    response = await admin.get(URL, params=query)
    assert response.status_code == 200, response.text
    return response.json()


async def test_pages_show_each_request_in_short(api: Api, admin: httpx.AsyncClient) -> None:
    async with api.client() as client:
        ids = [(await asked(client, f"say {n}")).headers["x-request-id"] for n in range(3)]
    first = await told(admin, route="/v1/chat/completions", limit=2)
    assert [each["id"] for each in first["data"]] == ids[:0:-1]
    assert first["complete"]
    rest = await told(admin, route="/v1/chat/completions", limit=2, after=first["next"])
    assert [each["id"] for each in rest["data"]] == ids[:1]
    assert rest["next"] is None
    one = rest["data"][0]
    whole = (await admin.get(f"/v1/receipts/{one['id']}")).json()
    assert (one["key_name"], one["key"]) == ("test", whole["key"])
    assert one["total"] == pytest.approx(whole["total_ms"] / 1000)
    assert one["ttft"] == pytest.approx(whole["ttft_ms"] / 1000)
    assert one["output_tokens"] == whole["completion_tokens"]
    assert (one["status"], one["cause"], one["cache"]) == (200, None, "miss")


async def test_requests_for_answers_are_told_from_all_others(
    api: Api, admin: httpx.AsyncClient
) -> None:
    async with api.client() as client:
        answer = (await asked(client)).headers["x-request-id"]
        await client.get("/v1/models")
    assert [each["id"] for each in (await told(admin, route="answers"))["data"]] == [answer]
    assert len((await told(admin, key="test"))["data"]) == 2


async def test_requests_are_found_by_key_status_and_part_of_their_id(
    api: Api, admin: httpx.AsyncClient
) -> None:
    async with api.client() as client:
        good = (await asked(client)).headers["x-request-id"]
        bad = (await asked(client, model="nothing")).headers["x-request-id"]
    refused = (await told(admin, status="refused", key="test"))["data"]
    seen = [(each["id"], each["outcome"], each["cause"]) for each in refused]
    assert seen == [(bad, "refused", "model_not_found")]
    assert (await told(admin, status="failed", key="test"))["data"] == []
    assert [each["id"] for each in (await told(admin, key="test", status="ok"))["data"]] == [good]
    assert [each["id"] for each in (await told(admin, text=good[-9:]))["data"]] == [good]
    assert (await told(admin, key="nobody"))["data"] == []
    slowest = (await told(admin, sort="slowest", key="test"))["data"]
    assert {each["id"] for each in slowest} == {good, bad}


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("since=yesterday", "since"),
        ("until=-1", "until"),
        ("since=nan", "since"),
        ("status=bad", "status"),
        ("sort=fastest", "sort"),
        ("limit=201", "limit"),
        ("sort=slowest&after=req_0", "after"),
        ("keys=x", "keys"),
    ],
)
async def test_what_is_no_question_is_refused_by_name(
    admin: httpx.AsyncClient, query: str, param: str
) -> None:
    refused = await admin.get(f"{URL}?{query}")
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, param)


async def test_others_see_nothing_of_it(api: Api, make_api: MakeApi) -> None:
    async with api.client() as client:
        assert (await client.get(URL)).status_code == 403
    bare = make_api()
    async with bare.client(headers=bare.key_of("owner", admin=True)) as admin:
        off = await admin.get(URL)
    assert (off.status_code, off.json()["error"]["code"]) == (404, "off")
