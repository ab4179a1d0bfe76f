"""`/admin/config`: what runs, where it comes from, and no secret."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from serve.config import Settings
from tests.serve.api.conftest import Api, MakeApi


async def asked(api: Api) -> dict[str, Any]:
    async with api.client(headers=api.key_of("owner", admin=True)) as admin:
        response = await admin.get("/admin/config")
    assert response.status_code == 200, response.text
    return dict(response.json())


async def told(api: Api) -> dict[str, Any]:
    return {each["path"]: each for each in (await asked(api))["data"]}


async def test_each_setting_is_told_with_its_default_and_who_says_so(
    make_api: MakeApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HEARTH_CONFIG", raising=False)
    (tmp_path / "hearth.yaml").write_text("limits: {stop: 2}\n")
    monkeypatch.setenv("HEARTH_LIMITS__TOOLS", "7")
    found = await told(make_api(limits={"stop": 2, "tools": 7}))
    assert found["limits.stop"] == {
        "path": "limits.stop",
        "value": 2,
        "default": 4,
        "changed": True,
        "description": "Stop strings.",
        "source": "file",
    }
    assert (found["limits.tools"]["value"], found["limits.tools"]["source"]) == (7, "environment")
    assert (found["port"]["changed"], found["port"]["source"]) == (False, "default")
    assert found["tiers.small.engine"]["value"] == "scripted"


async def test_tiers_are_the_profiles_where_nobody_spelled_them_out(
    make_api: MakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HEARTH_CONFIG", raising=False)
    api = make_api()
    named = await told(api)
    assert named["tiers.small.model"]["default"] is None
    assert named["tiers.small.slots"]["source"] == "default"
    changed = {"profile": "small", "tiers": Settings(profile="small").tiers}
    settings = api.house.settings.model_copy(update=changed)
    api.house = replace(api.house, settings=settings)
    chosen = (await told(api))["tiers.small.temperature"]
    assert (chosen["value"], chosen["changed"], chosen["source"]) == (0.2, False, "profile")


async def test_of_a_secret_only_whether_it_is_there_is_told(
    make_api: MakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracing = {"endpoint": "https://traces.example", "headers_from": "TRACES"}
    api = make_api(tracing=tracing)
    assert (await told(api))["tracing.headers_from"]["value"] == "TRACES (not set)"
    monkeypatch.setenv("TRACES", "Authorization=Basic%20hidden")
    found = await told(api)
    assert found["tracing.headers_from"]["value"] == "TRACES (set)"
    assert "hidden" not in str(found)


async def test_a_damaged_file_is_no_reason_to_tell_nothing(
    make_api: MakeApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HEARTH_CONFIG", raising=False)
    (tmp_path / "hearth.yaml").write_bytes(b"\xff: [")
    assert (await told(make_api()))["port"]["source"] == "default"


async def test_what_the_next_start_would_change_is_told(
    make_api: MakeApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("HEARTH_")]:
        monkeypatch.delenv(name)
    api, file = make_api(limits={"stop": 2}), tmp_path / "hearth.yaml"
    running = api.house.settings.model_dump(mode="json")
    file.write_text(yaml.safe_dump(running))
    found = await asked(api)
    assert (found["planned"], found["trouble"]) == ([], None)
    running["limits"]["stop"] = 3
    running["tiers"]["large"] = {"engine": "scripted", "model": "big"}
    del running["tiers"]["small"]
    file.write_text(yaml.safe_dump(running))
    found = await asked(api)
    planned = {each["path"]: (each["value"], each["next"]) for each in found["planned"]}
    assert planned["limits.stop"] == (2, 3)
    assert planned["tiers.large.model"] == (None, "big")
    assert planned["tiers.small.model"] == ("echo", None)
    chosen = {"limits.stop"} | {f"tiers.{name}.{one}" for name in ("small", "large")
                                for one in ("engine", "model")}  # fmt: skip
    assert set(planned) == chosen
    file.write_text("limits: {stop: many}")
    found = await asked(api)
    assert found["planned"] == []
    assert found["trouble"].startswith("limits.stop: ")
