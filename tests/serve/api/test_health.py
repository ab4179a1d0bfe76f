from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest

from models.load import Device, Load
from models.scripted import ScriptedEngine


async def test_live_and_ready_need_no_key(api: Any) -> None:
    async with api.client(headers={}) as client:
        assert (await client.get("/health/live")).json() == {"status": "ok"}
        ready = await client.get("/health/ready")
    assert ready.status_code == 200
    assert ready.json() == {
        "ready": True,
        "degraded": False,
        "tiers": {"small": {"state": "ready", "reason": None}},
    }


async def test_ready_is_false_while_no_engine_can_answer(api: Any) -> None:
    await api.engine.close()
    async with api.client() as client:
        ready = await client.get("/health/ready")
        models = (await client.get("/v1/models")).json()
    assert ready.status_code == 503
    small = {"state": "unavailable", "reason": "The engine has been stopped."}
    assert ready.json() == {"ready": False, "degraded": False, "tiers": {"small": small}}
    assert models["data"][0]["state"] == "unavailable"


@dataclass
class Large(ScriptedEngine):
    """A second tier that is as it is told to be."""

    about: dict[str, Any]

    def __post_init__(self) -> None:
        super().__init__("large")

    async def load(self) -> Load:
        return replace(await super().load(), **self.about)


@pytest.mark.parametrize(
    ("about", "state", "reason"),
    [
        (
            {"device": Device(lost=True, why="GPU 0 does not answer (Xid 79)")},
            "unavailable",
            "The GPU was lost: GPU 0 does not answer (Xid 79).",
        ),
        (
            {"remark": "It runs smaller than configured."},
            "ready",
            "It runs smaller than configured.",
        ),
    ],
)
async def test_ready_is_degraded_while_a_tier_gives_less_than_it_should(
    api: Any, about: dict[str, Any], state: str, reason: str
) -> None:
    api.house.tiers["large"] = Large(about)
    async with api.client() as client:
        ready = await client.get("/health/ready")
        models = (await client.get("/v1/models")).json()["data"]
    large = {"state": state, "reason": reason}
    assert ready.status_code == 200
    assert (ready.json()["ready"], ready.json()["degraded"]) == (True, True)
    assert ready.json()["tiers"] == {"small": {"state": "ready", "reason": None}, "large": large}
    assert [large] == [{k: m[k] for k in large} for m in models if m["id"] == "large"]


async def test_a_crowd_of_askers_is_one_question_to_the_engine(api: Any) -> None:
    asked = []

    async def health() -> None:
        asked.append(True)

    api.engine.health = health
    async with api.client(headers={}) as client:
        for _ in range(20):
            await client.get("/health/ready")
    assert len(asked) < 20


async def test_models_are_listed_with_what_a_client_wants_to_know(
    client: httpx.AsyncClient,
) -> None:
    listed = (await client.get("/v1/models")).json()
    chat, embeddings = listed["data"]
    assert listed["object"] == "list"
    assert set(chat) >= {"id", "object", "created", "owned_by"}
    assert (chat["id"], chat["object"], chat["context_length"]) == ("echo", "model", 8192)
    assert (chat["tier"], chat["state"]) == ("small", "ready")
    assert (embeddings["id"], embeddings["object"]) == ("hash", "model")
    assert (await client.get("/v1/models/echo")).json() == chat
    assert (await client.get("/v1/models/%65cho")).json() == chat


async def test_an_unknown_model_is_not_found(client: httpx.AsyncClient) -> None:
    for name in ("nope", "..%2f..%2fx", "%ff%fe", "%00", "x" * 5000):
        response = await client.get(f"/v1/models/{name}")
        assert (response.status_code, response.json()["error"]["code"]) == (404, "model_not_found")
