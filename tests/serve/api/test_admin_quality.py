"""`/admin/quality`: seen, wished for and forgotten by admins, and by nobody else."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from models.scripted import Script
from serve.ledger.quality import QualityFile
from serve.ledger.rights import ADMIN
from serve.quality.scoring import Scoring
from serve.quality.watching import Watching
from tests.serve.api.conftest import Api, MakeApi

URL = "/admin/quality"


@pytest.fixture
def api(make_api: MakeApi, tmp_path: Path) -> Api:
    questions = tmp_path / "golden.jsonl"
    lines = [{"question": f"Question {n}", "model": "echo", "exact": "fine"} for n in range(8)]
    questions.write_text("\n".join(map(json.dumps, lines)))
    made = make_api(Script(("fine",)), quality={"questions": questions})
    house = made.house
    scoring = Scoring(house.settings, house.pipeline, house.embedder)
    watching = Watching(scoring, QualityFile(house.settings.quality_file))
    made.house = replace(house, watching=watching)
    return made


@pytest.fixture
async def admin(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    key = api.house.keys.create("owner", ADMIN)[1]
    async with api.client(headers={"authorization": f"Bearer {key}"}) as client:
        yield client


async def run(api: Api, admin: httpx.AsyncClient) -> None:
    """What another gateway may have been asked for is done by the one that watches."""
    wished = await admin.post(URL)
    assert wished.status_code == 200
    assert wished.json() == {"object": "quality.run", "wished": True}
    assert (await admin.get(URL)).json()["wished"]
    assert api.house.watching is not None
    assert await api.house.watching.look() == "wished"


async def test_a_drop_is_told_with_what_failed_and_how(api: Api, admin: httpx.AsyncClient) -> None:
    empty = (await admin.get(URL)).json()
    assert (empty["runs"], empty["questions"], empty["worse"]) == ([], [], [])
    await run(api, admin)
    api.engine.script = Script(("worse",))
    await run(api, admin)
    told = (await admin.get(URL)).json()
    assert (told["wished"], told["running"], told["trouble"]) == (False, None, None)
    assert told["worse"] == ["golden"]
    last, before = told["runs"]
    assert last["sets"]["golden"] == {
        "share": 0.0, "before": 1.0, "chance": 1 / 256, "dropped": True
    }  # fmt: skip
    assert before["sets"]["golden"]["before"] is None
    assert last["began"] <= last["ended"]
    assert [one["question"] for one in told["questions"]] == [f"Question {n}" for n in range(8)]
    assert {one["why"] for one in told["questions"]} == {"exact: it is another answer"}


async def test_what_was_meant_to_change_is_forgotten(api: Api, admin: httpx.AsyncClient) -> None:
    await run(api, admin)
    api.engine.script = Script(("otherwise",))
    await run(api, admin)
    assert (await admin.delete(URL)).json() == {"object": "quality.forget", "runs": 2}
    await run(api, admin)
    assert (await admin.get(URL)).json()["worse"] == []
    acts = (await admin.get("/admin/audit")).json()["data"]
    assert [a["act"] for a in acts if a["target"] == "quality"].count("quality.run") == 3


async def test_trouble_with_the_file_is_told(api: Api, admin: httpx.AsyncClient) -> None:
    questions = api.house.settings.quality.questions
    assert questions is not None
    questions.write_text('{"question": "a"}')
    await admin.post(URL)
    assert api.house.watching is not None
    await api.house.watching.look()
    told = (await admin.get(URL)).json()
    assert told["trouble"].startswith("Line 1: ")
    assert not told["wished"]


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_a_damaged_file_is_said_and_then_it_goes_on(
    api: Api, admin: httpx.AsyncClient, method: str
) -> None:
    api.house.settings.quality_file.write_bytes(b"no database at all" * 400)
    refused = await admin.request(method, URL)
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "storage_failed")
    assert "set aside" in refused.json()["error"]["message"]
    await run(api, admin)
    assert len((await admin.get(URL)).json()["runs"]) == 1


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_whoever_is_no_admin_is_refused(api: Api, method: str) -> None:
    async with api.client() as client:
        refused = await client.request(method, URL)
    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == "insufficient_scope"


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_a_query_is_refused(admin: httpx.AsyncClient, method: str) -> None:
    refused = await admin.request(method, URL, params={"set": "x"})
    assert refused.status_code == 400
    assert refused.json()["error"]["param"] == "set"


async def test_without_golden_questions_there_is_nothing_to_see(make_api: MakeApi) -> None:
    api = make_api()
    key = api.house.keys.create("owner", ADMIN)[1]
    async with api.client(headers={"authorization": f"Bearer {key}"}) as admin:
        refused = await admin.get(URL)
    assert refused.status_code == 404
    assert "quality.questions" in refused.json()["error"]["message"]


async def test_a_drop_is_a_metric_of_its_set(api: Api, admin: httpx.AsyncClient) -> None:
    assert "hearth_quality" not in (await admin.get("/metrics")).text
    await run(api, admin)
    told = (await admin.get("/metrics")).text
    assert 'hearth_quality_passed{set="golden"} 1.0' in told
    assert 'hearth_quality_worse{set="golden"} 0.0' in told
    api.engine.script = Script(("worse",))
    await run(api, admin)
    told = (await admin.get("/metrics")).text
    assert 'hearth_quality_passed{set="golden"} 0.0' in told
    assert 'hearth_quality_worse{set="golden"} 1.0' in told
