"""What a key is told of itself: what it may do, and how much is left."""

from typing import Any

from serve.ledger.groups import Group
from serve.ledger.rights import ADMIN, Rights
from serve.sections.quotas import Limits
from tests.serve.api.conftest import Api

CHAT = "/v1/chat/completions"


def limits(**given: Any) -> Limits:
    return Limits.model_validate(given)


async def own(api: Api, name: str, rights: Rights, requests: int = 0) -> Any:
    text = api.house.keys.create(name, rights)[1]
    async with api.client(headers={"authorization": f"Bearer {text}"}) as client:
        for _ in range(requests):
            body = {"model": "echo", "messages": [{"role": "user", "content": "one two three"}]}
            assert (await client.post(CHAT, json=body)).status_code == 200
        response = await client.get("/v1/key")
    assert response.status_code == 200, response.text
    assert text.split("-", 2)[2] not in response.text
    return response.json()


async def test_a_key_is_told_what_it_may_do(api: Api) -> None:
    rights = Rights(scopes=["chat"], models=["echo"], collections=["handbook"], expires_at=9e9)
    found = await own(api, "notebook", rights)
    assert (found["object"], found["name"], found["admin"]) == ("key", "notebook", False)
    assert (found["scopes"], found["models"]) == (["chat"], ["echo"])
    assert (found["collections"], found["expires_at"]) == (["handbook"], 9e9)
    assert found["limits"] == []
    assert (await own(api, "owner", ADMIN))["admin"]


async def test_limits_say_what_is_left_of_the_keys_and_of_its_groups(api: Api) -> None:
    group = Group(name="team", kind="team", limits=limits(day={"tokens": 1000}), created_at=0.0)
    api.house.keys.groups.put(group)
    rights = Rights(limits=limits(requests=60, parallel=4), parent="team")
    rate, slots, budget = (await own(api, "anna", rights, requests=2))["limits"]
    assert (rate["whose"], rate["what"]) == ("the key 'anna'", "requests per minute")
    assert 58 <= rate["left"] < rate["limit"] == 60
    assert 0 < rate["full_in"] <= 2
    assert (slots["what"], slots["limit"], slots["left"]) == ("requests at a time", 4, 4)
    assert (budget["whose"], budget["what"]) == ("the team 'team'", "tokens per day")
    assert 0 < budget["left"] < budget["limit"] == 1000
    assert budget["renews_at"] % 86_400 == 0


async def test_a_question_with_parameters_is_refused_by_name(api: Api) -> None:
    async with api.client() as client:
        refused = await client.get("/v1/key?id=x")
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "id")
