"""`/admin/usage` says what `hearth usage --json` says."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import typer
from typer.testing import CliRunner

from serve.cli.usage import usage
from tests.serve.api.conftest import Api, MakeApi
from tests.serve.api.test_receipts import PRICED, asked, receipted

URL = "/admin/usage"


@pytest.fixture
def api(make_api: MakeApi) -> Iterator[Api]:
    yield from receipted(make_api(tiers={"small": PRICED}))


async def told(api: Api, query: str = "") -> httpx.Response:
    async with api.client(headers=api.key_of("owner", admin=True)) as admin:
        return await admin.get(f"{URL}?{query}")


@pytest.mark.parametrize("by", ["key", "day", "route"])
async def test_it_says_what_the_command_says(api: Api, by: str) -> None:
    async with api.client() as client:
        for number in range(3):
            await asked(client, f"say {number}")
    assert api.house.receipts is not None
    assert api.house.receipts.settle(10)
    home = str(api.house.settings.home)
    command = typer.Typer()
    command.command()(usage)
    shown = CliRunner().invoke(command, ["--json", "--by", by, "--home", home])
    assert shown.exit_code == 0, shown.output
    # Afterwards: this request leaves a receipt, too.
    found: dict[str, Any] = (await told(api, f"by={by}")).json()
    assert found["total"]["requests"] == 3
    assert (found.pop("object"), found.pop("by"), found.pop("until")) == ("usage", by, None)
    assert found == json.loads(shown.output)
    if by == "key":
        assert [row["name"] for row in found["rows"]] == ["test"]


async def test_a_span_is_in_whole_hours(api: Api) -> None:
    async with api.client() as client:
        await asked(client)
    assert (await told(api, "until=3600")).json()["total"]["requests"] == 0
    assert (await told(api, "since=0")).json()["since"] == 0.0


@pytest.mark.parametrize(("query", "param"), [("by=mood", "by"), ("since=1h", "since")])
async def test_what_is_no_question_is_refused_by_name(api: Api, query: str, param: str) -> None:
    refused = await told(api, query)
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, param)
