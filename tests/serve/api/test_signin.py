"""A one-time link becomes a key, once."""

import asyncio
import time

import httpx
import pytest

from tests.serve.api.conftest import Api


@pytest.fixture
def token(api: Api) -> str:
    assert api.house.signins is not None
    return api.house.signins.create(time.time())


async def test_a_token_is_exchanged_for_a_key_that_opens(api: Api, token: str) -> None:
    async with api.client(headers={}) as client:
        answer = await client.post("/signin", json={"token": token})
        key = answer.json()["key"]
        opened = await client.get("/v1/models", headers={"authorization": f"Bearer {key}"})
    assert (answer.status_code, opened.status_code) == (200, 200)
    assert answer.headers["cache-control"] == "no-store"


async def test_of_many_that_come_at_once_one_gets_a_key(api: Api, token: str) -> None:
    async with api.client(headers={}) as client:
        posts = (client.post("/signin", json={"token": token}) for _ in range(8))
        statuses = sorted(answer.status_code for answer in await asyncio.gather(*posts))
    assert statuses == [200] + [404] * 7


async def test_an_old_token_is_refused_with_what_to_do(api: Api) -> None:
    assert api.house.signins is not None
    old = api.house.signins.create(time.time() - 601)
    async with api.client(headers={}) as client:
        answer = await client.post("/signin", json={"token": old})
    assert answer.status_code == 404
    assert "hearth keys create" in answer.json()["error"]["message"]


@pytest.mark.parametrize("body", [{}, {"token": 1}, {"token": "x", "more": 1}])
async def test_another_body_is_refused(client: httpx.AsyncClient, body: object) -> None:
    answer = await client.post("/signin", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "token"


async def test_a_page_of_another_site_cannot_redeem(api: Api, token: str) -> None:
    async with api.client(headers={"origin": "http://evil.example"}) as client:
        answer = await client.post("/signin", json={"token": token})
    assert answer.status_code == 403
