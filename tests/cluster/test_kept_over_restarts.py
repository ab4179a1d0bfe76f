"""Kept answers of a real appliance outlive its gateway and itself, until they are flushed."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from serve.caching.kept import FILE
from tests.cluster.appliance import Appliance, eventually, running

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
BACK = 90.0  # seconds until a killed process is replaced
ASKED = {
    "model": "echo",
    "temperature": 0,
    "messages": [{"role": "user", "content": "Say this again."}],
}
OPTIONS: dict[str, Any] = {"cache": {"persist": True}}


def cached(appliance: Appliance) -> str | None:
    """What the cache had to do with the answer; None while nobody answers."""
    try:
        with appliance.client() as client:
            answer = client.post("/v1/chat/completions", json=ASKED)
    except httpx.TransportError:
        return None
    return answer.headers.get("x-hearth-cache") if answer.status_code == 200 else None


def stats(appliance: Appliance) -> Any:
    with appliance.client() as client:
        return client.get("/admin/cache").raise_for_status().json()


def hearth(appliance: Appliance, *arguments: str) -> Any:
    """The owner's command, in a process of its own and without a key."""
    environment = {key: value for key, value in os.environ.items() if key != "HEARTH_KEY"}
    environment |= {"HEARTH_CONFIG": str(appliance.settings.data / "hearth.yaml")}
    command = [sys.executable, "-m", "serve", "cache", *arguments, "--json"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_an_answer_outlives_the_gateway_and_the_appliance_until_it_is_flushed(
    tmp_path: Path,
) -> None:
    with running(tmp_path, **OPTIONS) as first:
        assert cached(first) == "miss"
        assert cached(first) == "hit"
        assert eventually(lambda: stats(first)["file"]["waiting"] == 0, 10)
        (gateway,) = first.replicas("gateway")
        gateway.kill()
        assert eventually(
            lambda: cached(first) is not None and bool(first.replicas("gateway")), BACK
        )
        assert cached(first) == "hit"
        assert stats(first)["requests"].get("miss", 0) == 0
    with running(tmp_path, **OPTIONS) as second:
        again = replace(second, key=first.key)
        assert cached(again) == "hit"
        (entry,) = hearth(second, "inspect", "--model", "echo")
        assert entry["name"] == "test"
        assert hearth(second, "flush", "--yes", "--older-than", "1d")["entries"] == 0
        assert hearth(second, "flush", "--yes")["entries"] == 1
        assert stats(again)["file"] == {"waiting": 0, "trouble": None}
        assert b"Say this again." not in (tmp_path / FILE).read_bytes()
        assert cached(again) == "miss"
