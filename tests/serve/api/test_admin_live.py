"""`/admin/live`: the state of everything at one look, in time even where engines hang."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from models.errors import EngineNotLoaded
from models.gpu.readings import Gpu, GpuReader, GpuReading
from models.load import Load
from models.scripted import Script, ScriptedEngine
from serve.api.states import PATIENCE
from serve.pipeline import Pipeline
from serve.sections.tiers import TierSettings
from tests.serve.api.conftest import Api, MakeApi
from tests.serve.api.test_receipts import asked, receipted

URL = "/admin/live"
LARGE = TierSettings(engine="scripted", model="sage", replicas=2)
GPU = Gpu(0, "H", "GPU-1", 80, 60, 20, 0.5, 300.0, 700.0, 10, 60, (), 0, 0, (), ())


class Hanging(ScriptedEngine):
    async def load(self) -> Load:
        await asyncio.Event().wait()
        raise AssertionError


class Loading(ScriptedEngine):
    async def load(self) -> Load:
        raise EngineNotLoaded("It loads: 40 %.", "loading")


@pytest.fixture
def api(make_api: MakeApi) -> Iterator[Api]:
    yield from receipted(make_api())


@pytest.fixture
async def admin(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    async with api.client(headers=api.key_of("owner", admin=True)) as client:
        yield client


async def told(admin: httpx.AsyncClient) -> Any:
    response = await admin.get(URL)
    assert response.status_code == 200, response.text
    return response.json()


def with_large(api: Api, large: ScriptedEngine) -> Api:
    """Of two tiers."""
    house, engines = api.house, {"small": api.engine, "large": large}
    tiers = {**house.settings.tiers, "large": LARGE}
    settings = house.settings.model_copy(update={"tiers": tiers})
    pipeline = Pipeline(settings, engines)
    house = replace(house, settings=settings, tiers=engines, pipeline=pipeline)
    return replace(api, house=house)


async def test_one_look_tells_how_everything_is(admin: httpx.AsyncClient) -> None:
    found = await told(admin)
    assert (found["object"], found["ready"], found["degraded"]) == ("live", True, False)
    (tier,) = found["tiers"]
    assert (tier["name"], tier["model"], tier["state"], tier["reason"]) == (
        *("small", "echo", "ready", None),
    )
    assert tier["load"]["running"] == 0
    assert tier["load"]["slots"] > 0
    assert tier["admission"] == {
        "running": 0, "waiting": 0, "places": tier["admission"]["places"], "pressure": 0.0,
    }  # fmt: skip
    assert tier["breaker"] == {"state": "closed", "retry_after": 0.0}
    assert (found["brownout"]["pressure"], found["brownout"]["steps"]) == (0.0, [])
    assert found["brownout"]["ladder"]
    assert found["memory"][0]["reason"] == "It has no weights."
    machine = found["machine"]
    assert 0 <= machine["cpu"] <= 1
    assert 0 < machine["memory_free"] <= machine["memory_total"]
    assert 0 < found["uptime"] == pytest.approx(found["at"] - found["started_at"])
    assert {"disk", "data directory"} <= {each["name"] for each in found["findings"]}
    assert found["receipts"]["lost"] == 0


async def test_who_runs_and_who_waits_is_told(make_api: MakeApi) -> None:
    for api in receipted(make_api(Script(first_token_delay=30))):
        async with (
            api.client() as client,
            api.client(headers=api.key_of("owner", admin=True)) as admin,
        ):
            asking = asyncio.create_task(asked(client))
            async with asyncio.timeout(10):
                while not (tier := (await told(admin))["tiers"][0])["load"]["running"]:
                    await asyncio.sleep(0.05)
            assert tier["admission"]["running"] == 1
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)


@pytest.mark.parametrize(
    ("large", "state", "reason"),
    [
        (Hanging("sage"), "unavailable", "The engine does not answer at present."),
        (Loading("sage"), "loading", "It loads: 40 %."),
    ],
)
async def test_a_tier_that_is_not_there_is_told_in_time(
    make_api: MakeApi, large: ScriptedEngine, state: str, reason: str
) -> None:
    api = with_large(make_api(), large)
    async with api.client(headers=api.key_of("owner", admin=True)) as admin:
        began = time.monotonic()
        found = await told(admin)
        assert time.monotonic() - began < PATIENCE + 2
    small, broken = found["tiers"]
    assert (small["state"], broken["state"], broken["reason"]) == ("ready", state, reason)
    assert (broken["load"], broken["replicas"]) == (None, 2)
    assert (found["ready"], found["degraded"]) == (True, state == "unavailable")


async def test_gpus_are_told_where_there_are_any(api: Api, admin: httpx.AsyncClient) -> None:
    reading = GpuReading("ok", "", time.monotonic(), "550", (GPU,))
    vars(api.house)["gpus"] = GpuReader(lambda: reading)
    gpus = (await told(admin))["gpus"]
    assert (gpus["state"], gpus["driver"]) == ("ok", "550")
    assert (gpus["gpus"][0]["utilisation"], gpus["gpus"][0]["throttled"]) == (0.5, False)
    absent = GpuReading("absent", "no driver", time.monotonic())
    vars(api.house)["gpus"] = GpuReader(lambda: absent)
    assert (await told(admin))["gpus"] is None


async def test_looking_leaves_no_receipts(api: Api, admin: httpx.AsyncClient) -> None:
    await told(admin)
    await admin.get("/admin/overview")
    rows = (await admin.get("/admin/receipts")).json()["data"]
    assert rows == []
