"""Receipts by id, for those they belong to; thumbs, and what they do to a kept answer."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import httpx
import pytest

from index.caches.local import LocalMemory
from models.scripted import Script
from serve.ledger.rights import Rights
from serve.pipeline import Helpers, Pipeline
from serve.receipts.features import Noting
from serve.receipts.keeping import Keeping
from serve.receipts.receipt_file import known
from serve.receipts.usage import Span, usage
from serve.sections.quotas import Limits
from tests.serve.api.conftest import Api, MakeApi
from tests.serve.receipts.checked import adds_up, explains

CHAT, RECEIPTS, FEEDBACK = "/v1/chat/completions", "/v1/receipts", "/v1/feedback"
PRICED = {
    "engine": "scripted",
    "model": "echo",
    "price": {"input": 1e6, "output": 2e6},
    "energy": {"output": 1e6},
}


@pytest.fixture
def api(make_api: MakeApi) -> Iterator[Api]:
    yield from receipted(make_api(tiers={"small": PRICED}))


def receipted(made: Api, noting: Noting | None = None) -> Iterator[Api]:
    """`made` with receipts and a memory of answers."""
    house, settings = made.house, made.house.settings
    memory = LocalMemory(1 << 20, 3600)
    pipeline = Pipeline(settings, house.tiers, Helpers(memory=memory, noting=noting or Noting()))
    receipts = Keeping(settings.receipts_file, settings.receipts)
    made.house = replace(house, memory=memory, pipeline=pipeline, receipts=receipts)
    yield made
    receipts.close()


@pytest.fixture
async def client(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    async with api.client() as client:
        yield client


async def asked(client: httpx.AsyncClient, text: str = "one two", **more: Any) -> httpx.Response:
    body = {"model": "echo", "messages": [{"role": "user", "content": text}], "temperature": 0}
    return await client.post(CHAT, json={**body, **more})


async def receipt(client: httpx.AsyncClient, of: httpx.Response) -> dict[str, Any]:
    response = await client.get(f"{RECEIPTS}/{of.headers['x-request-id']}")
    assert response.status_code == 200, response.text
    return dict(response.json())


async def test_a_receipt_explains_its_answer_without_a_word_of_it(
    client: httpx.AsyncClient,
) -> None:
    answer = await asked(client, "a secret")
    found = await receipt(client, answer)
    said = answer.json()["usage"]
    assert found["object"] == "receipt"
    assert (found["status"], found["tier"], found["reason"]) == (200, "small", "named")
    assert found["prompt_tokens"] == said["prompt_tokens"]
    assert found["completion_tokens"] == said["completion_tokens"]
    assert found["cost"] == said["prompt_tokens"] + 2 * said["completion_tokens"]
    assert found["energy"] == said["completion_tokens"]
    assert (found["cache"], found["error"]) == ("miss", None)
    assert {"authenticate", "read", "cache", "route", "generate"} <= {s[0] for s in found["steps"]}
    assert found["attempts"][0][:3] == ["small", None, None]
    assert "secret" not in str(found)


async def test_texts_are_kept_where_the_owner_wants_them(make_api: MakeApi) -> None:
    for api in receipted(make_api(receipts={"texts": True})):
        async with api.client() as client:
            for _ in range(2):  # generated, and given again
                found = await receipt(client, await asked(client, "a secret", n=2, stream=True))
                (messages,) = found["asked"]
                assert [message["content"] for message in messages] == ["a secret"]
                assert [text.strip() for text in found["answered"]] == ["a secret"] * 2


async def test_an_answer_that_is_given_again_costs_nothing(client: httpx.AsyncClient) -> None:
    first, again = [await receipt(client, await asked(client)) for _ in range(2)]
    assert (again["cache"], again["cost"], again["attempts"]) == ("hit", 0.0, [])
    assert again["cache_key"] == first["cache_key"]


async def test_what_was_asked_is_known_again_in_this_installation_alone(make_api: MakeApi) -> None:
    made, keys = make_api(), []
    for salt in (b"here", b"here", b"there"):
        for api in receipted(made, Noting(salt)):
            async with api.client() as client:
                found = await receipt(client, await asked(client))
                keys.append((found["cache_key"], found["features"]["digest"]))
    assert keys[0] == keys[1]
    assert not set(keys[0]) & set(keys[2])


async def test_a_failure_tells_its_first_cause(make_api: MakeApi) -> None:
    script = Script(fail_after=0, fail_how="raise")
    for api in receipted(make_api(script)):
        async with api.client() as client:
            answer = await asked(client)
            found = await receipt(client, answer)
            assert answer.status_code == found["status"] >= 500
            assert found["attempts"][-1][1] is not None
            assert (found["completion_tokens"], found["cost"]) == (0, 0.0)


async def test_a_receipt_is_shown_to_its_tenant_and_to_admins_alone(
    api: Api, client: httpx.AsyncClient
) -> None:
    answer = await asked(client)
    url = f"{RECEIPTS}/{answer.headers['x-request-id']}"
    assert (await client.get(url, headers=api.key_of("owner", admin=True))).status_code == 200
    theirs = await client.get(url, headers=api.key_of("else"))
    nobodys = await client.get(f"{RECEIPTS}/req_0")
    assert theirs.status_code == nobodys.status_code == 404
    assert theirs.json() == nobodys.json()


async def test_usage_adds_up_to_what_the_answers_said(api: Api, client: httpx.AsyncClient) -> None:
    answers = [await asked(client, f"word {'more ' * n}", n=1 + n % 2) for n in range(6)]
    said = [answer.json()["usage"] for answer in answers]
    assert api.house.receipts is not None
    assert api.house.receipts.settle(10)
    with closing(known(api.house.settings.receipts_file)) as db:
        total = usage(db, "key", Span(), ["small"], api.house.settings.cost).total
    assert total.input == sum(each["prompt_tokens"] for each in said)
    assert total.output == sum(each["completion_tokens"] for each in said)
    assert total.money == total.input + 2 * total.output


async def test_a_burst_of_two_keys_is_explained_and_adds_up_while_a_third_is_revoked(
    api: Api,
) -> None:
    ring, answers = api.house.keys, list[httpx.Response]()
    limits = {"slow": Limits(requests=2), "fast": Limits(requests=6), "gone": None}
    keys = {name: ring.create(name, Rights(limits=each))[1] for name, each in limits.items()}

    async def burst(name: str) -> list[int]:
        async with api.client(headers={"authorization": f"Bearer {keys[name]}"}) as client:
            mine = [await asked(client, f"word {number}") for number in range(6)]
            if name == "gone":
                ring.revoke("gone")
            mine += [await asked(client, "word " * number) for number in range(1, 7)]
        known = [answer for answer in mine if answer.status_code != 401]  # nobody's have none
        answers.extend(known)
        return [answer.status_code for answer in mine]

    slow, fast, gone = await asyncio.gather(*map(burst, keys))
    assert (slow.count(200), fast.count(200)) == (2, 6)
    assert set(slow) | set(fast) == {200, 429}
    assert gone == [200] * 6 + [401] * 6
    async with api.client(headers=api.key_of("owner", admin=True)) as client:
        receipts = [await receipt(client, answer) for answer in answers]
    assert all(map(explains, receipts, answers))
    assert adds_up(api.house.settings, receipts)


async def test_a_thumb_down_takes_the_kept_answer_out(client: httpx.AsyncClient) -> None:
    answer = await asked(client)
    assert (await asked(client)).headers["x-hearth-cache"] == "hit"
    body = {"receipt_id": answer.headers["x-request-id"], "rating": "down", "comment": "wrong"}
    assert (await client.post(FEEDBACK, json=body)).json()["answer_forgotten"]
    assert not (await client.post(FEEDBACK, json=body)).json()["answer_forgotten"]
    assert (await asked(client)).headers["x-hearth-cache"] == "miss"


async def test_admins_see_what_people_think(api: Api, client: httpx.AsyncClient) -> None:
    answer = await asked(client)
    body = {"receipt_id": answer.headers["x-request-id"], "rating": "up", "comment": "good"}
    for _ in range(2):
        assert (await client.post(FEEDBACK, json=body)).status_code == 200
    admin = api.key_of("owner", admin=True)
    found = (await client.get("/admin/feedback?by=tier", headers=admin)).json()
    assert [(each["tier"], each["up"], each["down"]) for each in found["data"]] == [("small", 1, 0)]
    assert [each["comment"] for each in found["comments"]] == ["good"]
    assert (await client.get("/admin/feedback")).status_code == 403
    wrong = await client.get("/admin/feedback?by=mood", headers=admin)
    assert (wrong.status_code, wrong.json()["error"]["param"]) == (400, "by")


async def test_a_receipt_tells_admins_what_all_said_of_the_answer_and_others_what_they_said(
    api: Api, client: httpx.AsyncClient
) -> None:
    answer, admin = await asked(client), api.key_of("owner", admin=True)
    url = f"{RECEIPTS}/{answer.headers['x-request-id']}"
    assert (await client.get(url)).json()["feedback"] == []
    body = {"receipt_id": answer.headers["x-request-id"], "rating": "up", "comment": "good"}
    await client.post(FEEDBACK, json=body)
    await client.post(FEEDBACK, json=body | {"rating": "down", "comment": ""}, headers=admin)
    for headers, said in ((None, [("up", "good")]), (admin, [("up", "good"), ("down", "")])):
        found = (await client.get(url, headers=headers)).json()["feedback"]
        assert [(each["rating"], each["comment"]) for each in found] == said


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"receipt_id": "req_0"}, "rating"),
        ({"receipt_id": "req_0", "rating": "sideways"}, "rating"),
        ({"receipt_id": "req_0", "rating": "up", "comment": "x" * 2001}, "comment"),
    ],
)
async def test_feedback_that_is_none_is_refused_by_name(
    client: httpx.AsyncClient, body: dict[str, Any], param: str
) -> None:
    response = await client.post(FEEDBACK, json=body)
    assert (response.status_code, response.json()["error"]["param"]) == (400, param)


async def test_nobody_rates_what_is_not_theirs(api: Api, client: httpx.AsyncClient) -> None:
    answer = await asked(client)
    body = {"receipt_id": answer.headers["x-request-id"], "rating": "down"}
    response = await client.post(FEEDBACK, json=body, headers=api.key_of("else"))
    assert response.status_code == 404
    assert (await asked(client)).headers["x-hearth-cache"] == "hit"


async def test_requests_of_nobody_are_not_kept(api: Api, client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/models", headers={"authorization": "Bearer nothing"})
    assert answer.status_code == 401
    admin = api.key_of("owner", admin=True)
    url = f"{RECEIPTS}/{answer.headers['x-request-id']}"
    assert (await client.get(url, headers=admin)).status_code == 404


async def test_without_receipts_the_api_says_so(make_api: MakeApi) -> None:
    async with make_api().client() as client:
        response = await client.get(f"{RECEIPTS}/req_0")
        assert (response.status_code, response.json()["error"]["code"]) == (404, "off")
