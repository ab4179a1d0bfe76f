"""`/admin/benchmarks`: reports by name, and no way to anything else."""

import json
from pathlib import Path

import httpx
import pytest

from tests.serve.api.conftest import Api

URL = "/admin/benchmarks"
REPORT = {"conditions": {"cores": "2"}, "knee": {"hearth": "at 4"}, "levels": [{"figures": {}}]}


async def got(api: Api, path: str) -> httpx.Response:
    async with api.client(headers=api.key_of("owner", admin=True)) as admin:
        return await admin.get(path)


async def test_reports_are_listed_and_shown(api: Api, tmp_path: Path) -> None:
    assert (await got(api, URL)).json() == {"object": "list", "data": []}
    folder = tmp_path / "benchmarks" / "20261126-091500"
    folder.mkdir(parents=True)
    (folder / "report.json").write_text(json.dumps(REPORT))
    (listed,) = (await got(api, URL)).json()["data"]
    assert (listed["id"], listed["conditions"]) == (folder.name, REPORT["conditions"])
    assert (listed["knee"], "levels" in listed) == (REPORT["knee"], False)
    shown = (await got(api, f"{URL}/{folder.name}")).json()
    assert (shown["object"], shown["report"]) == ("benchmark", REPORT)


@pytest.mark.parametrize("name", ["none", "..", "%2e%2e", "..%2fhearth.db", "a.b"])
async def test_what_is_no_report_is_not_found(api: Api, name: str) -> None:
    assert (await got(api, f"{URL}/{name}")).status_code == 404


async def test_a_question_with_parameters_is_refused_by_name(api: Api) -> None:
    for path in (URL, f"{URL}/x"):
        refused = await got(api, f"{path}?all=1")
        assert (refused.status_code, refused.json()["error"]["param"]) == (400, "all")
