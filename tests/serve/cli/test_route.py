"""`hearth route` tells where prompts would go, without a running appliance."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def route(home: Path, prompts: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "serve", "route", "-", "--home", str(home), *arguments],
        input=prompts,
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "HEARTH_EMBEDDER__ENGINE": "none"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def tiers(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [json.loads(line)["tier"] for line in done.stdout.splitlines()]


def test_prompts_are_told_a_tier_and_a_reason(tmp_path: Path) -> None:
    request = {"messages": [{"role": "user", "content": "```\nint f();\n```"}]}
    done = route(tmp_path, f"Hello\n\n{json.dumps(request)}\n")
    assert (done.returncode, done.stderr) == (0, "")
    first, second = done.stdout.splitlines()
    assert first.startswith("small")
    assert "Hello" in first
    assert second.startswith("large")
    assert "it has code" in second


@pytest.mark.parametrize(("dial", "tier"), [("0", "small"), ("1", "large")])
def test_the_dial_is_obeyed(tmp_path: Path, dial: str, tier: str) -> None:
    assert tiers(route(tmp_path, "Hello\n", "--quality", dial, "--json")) == [tier]


def test_a_line_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    done = route(tmp_path, 'Hello\n{"prompt": 1}\n')
    assert (done.returncode, done.stderr) == (
        1,
        "Line 2 is no chat request: it needs 'messages'.\n",
    )
