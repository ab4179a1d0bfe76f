"""`/admin/overview` over real requests and the file that they left."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest

from serve.receipts.power import Power, note
from serve.receipts.receipt_file import HOUR, known
from tests.serve.api.conftest import Api, MakeApi
from tests.serve.api.test_receipts import PRICED, asked, receipted

URL = "/admin/overview"


@pytest.fixture
def api(make_api: MakeApi) -> Iterator[Api]:
    yield from receipted(make_api(tiers={"small": PRICED}))


async def told(api: Api, query: str = "") -> httpx.Response:
    async with api.client(headers=api.key_of("owner", admin=True)) as admin:
        return await admin.get(f"{URL}?{query}")


async def test_it_says_what_answers_were_given_and_what_they_cost(api: Api) -> None:
    async with api.client() as client:
        answers = [await asked(client, text, stream=True) for text in ("one two", "one two", "a b")]
        await asked(client, model="nothing")
        await client.get("/v1/models")
    assert [answer.status_code for answer in answers] == [200] * 3
    found: dict[str, Any] = (await told(api)).json()
    totals = found["totals"]
    assert (totals["requests"], totals["failed"], totals["refused"]) == (4, 0, 1)
    assert totals["refusals"] == {"model_not_found": 1}
    assert totals["cache"] == {"miss": 2, "hit": 1}
    assert totals["cost"] > 0
    assert 0 < totals["ttft_p50"] <= totals["ttft_p95"] < 10
    assert (found["step"], len(found["points"])) == (60.0, 60)
    assert sum(point["requests"] for point in found["points"]) == 4
    assert found["points"][-1]["at"] == found["until"] - 60
    assert (found["complete"], found["sampled"], found["machine"]) == (True, 1, None)
    assert found["before"]["requests"] == 0


async def test_the_machine_is_told_where_it_was_watched(api: Api) -> None:
    async with api.client() as client:
        at = (await asked(client)).headers["x-request-id"]
    assert api.house.receipts is not None
    assert api.house.receipts.settle(10)
    hour = int(at[4:16], 16) // 1000 // HOUR
    with closing(known(api.house.settings.receipts_file, write=True)) as db:
        note(db, hour, Power(100.0, 25.0, 8.0, 4.0))
    machine = (await told(api, "minutes=10")).json()["machine"]
    assert (machine["seconds"], machine["idle_share"], machine["idle_energy"]) == (100, 0.75, 4.0)


@pytest.mark.parametrize("query", ["minutes=0", "minutes=44641", "minutes=1h", "hours=1"])
async def test_what_is_no_question_is_refused_by_name(api: Api, query: str) -> None:
    refused = await told(api, query)
    assert refused.status_code == 400
    assert refused.json()["error"]["param"] == query.partition("=")[0]
