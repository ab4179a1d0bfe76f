"""`hearth what-if` on a data directory in which real requests left their receipts."""

import asyncio
import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer
import yaml
from click.testing import Result
from typer.testing import CliRunner

from index.caches.local import LocalMemory
from models.scripted import Script, ScriptedEngine
from serve.api.app import House, create_app
from serve.cli.what_if import what_if
from serve.config import Settings
from serve.documents.questions import Asking
from serve.ledger.keys import Keys
from serve.pipeline import Helpers, Pipeline
from serve.policy.difficulty import trained
from serve.policy.routing import Guess
from serve.receipts.features import Noting, salt_in
from serve.receipts.keeping import Keeping

EASY, HARD = "what is this", "prove that it is so"
CONFIG: dict[str, Any] = {
    "tiers": {
        "small": {"engine": "scripted", "model": "echo", "price": {"output": 1e6}},
        "large": {"engine": "scripted", "model": "sage", "price": {"output": 1e7}},
    },
    "embedder": {"engine": "none"},
    "routing": {"quality": 0.75},
}
WhatIf = Callable[..., Result]


class Plain:
    """Knows what is hard: what is to be proved."""

    async def guess(self, asking: Asking, quality: float) -> Guess:
        hard = asking.text.startswith("prove")
        return Guess(0.99 if hard else 0.01, trained().threshold(quality))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve requests: of six questions, each asked twice, two are hard."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "hearth.yaml").write_text(yaml.safe_dump(CONFIG, sort_keys=False))
    asyncio.run(_answer(Settings(home=folder, **CONFIG)))
    return folder


async def _answer(settings: Settings) -> None:
    engines = {
        name: ScriptedEngine(tier.model, Script(token_delay=0.002, first_token_delay=0.01))
        for name, tier in settings.tiers.items()
    }
    memory = LocalMemory(settings.cache.memory, settings.cache.ttl)
    helpers = Helpers(judge=Plain(), memory=memory, noting=Noting(salt_in(settings.data)))
    receipts = Keeping(settings.receipts_file, settings.receipts)
    with closing(Keys(settings.database)) as keys:
        key = keys.create("anna")[1]
        pipeline = Pipeline(settings, engines, helpers)
        app = create_app(House(settings, keys, pipeline, engines, memory=memory, receipts=receipts))
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://localhost",
            headers={"authorization": f"Bearer {key}"},
        ) as client:
            for question in [*(f"{EASY} {n}" for n in range(4)), f"{HARD} 1", f"{HARD} 2"] * 2:
                messages = [{"role": "user", "content": question}]
                body = {"model": "auto", "messages": messages, "temperature": 0, "stream": True}
                assert (await client.post("/v1/chat/completions", json=body)).status_code == 200
        await pipeline.close()
    receipts.close()


@pytest.fixture
def run(home: Path, tmp_path: Path) -> WhatIf:
    app = typer.Typer()
    app.command()(what_if)

    def run(changes: dict[str, Any], *arguments: str, at: Path = home) -> Result:
        file = tmp_path / "new.yaml"
        file.write_text(yaml.safe_dump({**CONFIG, **changes}, sort_keys=False))
        environment = {"HEARTH_HOME": str(at)}
        return CliRunner().invoke(app, ["--config", str(file), *arguments], env=environment)

    return run


def told(result: Result) -> Any:
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_the_same_configuration_differs_in_nothing_and_is_near_to_what_was(run: WhatIf) -> None:
    found = told(run({}, "--json"))
    assert found["now"] == found["then"]
    assert found["now"]["tiers"] == found["really"]["tiers"] == {"large": 4, "small": 8}
    assert found["now"]["again"] == found["really"]["again"] == 6
    assert found["now"]["cost"] == found["really"]["cost"] > 0
    assert (found["left_out"], found["unguessed"]) == (0, 0)


def test_another_dial_moves_requests_and_money(run: WhatIf) -> None:
    found = told(run({"routing": {"quality": 0}}, "--json"))
    assert found["then"]["tiers"] == {"small": 12}
    assert found["then"]["cost"] < found["now"]["cost"]


def test_without_kept_answers_the_same_are_judged_and_generated_again(run: WhatIf) -> None:
    found = told(run({"cache": {"enabled": False}}, "--json"))
    assert (found["now"]["hit_rate"], found["then"]["hit_rate"]) == (0.5, 0.0)
    assert found["then"]["tiers"] == found["now"]["tiers"]
    assert found["then"]["cost"] == pytest.approx(2 * found["now"]["cost"])


def test_limits_of_keys_refuse_what_is_too_much(run: WhatIf) -> None:
    found = told(run({"quotas": {"keys": {"requests": 5}}}, "--json"))
    assert (found["now"]["by_limit"], found["then"]["by_limit"]) == (0, 7)


def test_the_table_tells_what_was_what_would_be_and_what_is_not_known(run: WhatIf) -> None:
    result = run({"routing": {"quality": 0}})
    assert result.exit_code == 0, result.stderr
    lines = {line[:24].strip(): line[24:].split() for line in result.stdout.splitlines()}
    assert lines["requests to large"] == ["4", "4", "0", "-4"]
    assert lines["requests to small"] == ["8", "8", "12", "+4"]
    assert lines["given again"] == ["50.0%", "50.0%", "50.0%", "0.0%"]
    assert "It cannot know how good other answers would be" in result.stdout
    assert EASY not in result.stdout


def test_nothing_to_replay_is_one_line(run: WhatIf, tmp_path: Path) -> None:
    nothing = run({}, at=tmp_path / "empty")
    assert (nothing.exit_code, nothing.stderr.count("\n")) == (1, 1)
    late = run({}, "--since", "0s")
    assert late.exit_code == 1
    assert late.stderr == "No request of the last 0s can be replayed: see receipts.enabled.\n"


def test_a_configuration_that_is_wrong_is_told_as_by_config_check(run: WhatIf) -> None:
    wrong = run({"routing": {"quality": 2}})
    assert wrong.exit_code == 2
    assert wrong.stderr == "routing.quality: Input should be less than or equal to 1\n"


def test_a_tier_of_which_nothing_is_known_is_named(run: WhatIf) -> None:
    huge = {"huge": {"engine": "scripted", "model": "oracle"}}
    unknown = run({"tiers": {**CONFIG["tiers"], **huge}})
    assert unknown.exit_code == 1
    assert unknown.stderr.startswith("tiers.huge: it would be asked")


def test_no_receipt_has_a_word_of_what_was_asked(home: Path) -> None:
    kept = b"".join(file.read_bytes() for file in home.glob("receipts.db*"))
    assert b"prove that" not in kept
    assert b'"difficulty":0.99' in kept
