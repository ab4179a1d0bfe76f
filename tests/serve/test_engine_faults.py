"""Engines that hang, die with the wrong words or cannot be loaded, beside one that is well."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from models.engine import Chunk, ChunkStream, Engine, Message, Prompt
from models.errors import EngineDied, EngineError, GenerationTimeout, ModelRefused
from models.residence import Resident
from models.scripted import Script, ScriptedEngine
from models.vllm.outputs import BROKEN_OFF
from serve.config import Settings
from serve.documents.questions import Asking
from serve.errors import describe
from serve.generation import attended
from serve.pipeline import Helpers, Pipeline, Request
from serve.policy.routing import Guess
from serve.receipt import Receipt

TEXT = " ".join(f"w{i}" for i in range(22))
TIER = {"engine": "scripted", "slots": 4}
TIERS = {"small": {**TIER, "model": "little"}, "large": {**TIER, "model": "big"}}


class Hard:
    """Finds everything hard: for the large tier."""

    async def guess(self, asking: Asking, quality: float) -> Guess:
        return Guess(0.9, 0.5)


class House:
    def __init__(self, large: Engine | Script, **more: Any) -> None:
        self.large = ScriptedEngine("big", large) if isinstance(large, Script) else large
        self.small = ScriptedEngine("little")
        options = {"tiers": TIERS, "embedder": {"engine": "none"}, **more}
        settings = Settings.model_validate(options)
        self.pipeline = Pipeline(
            settings, {"small": self.small, "large": self.large}, Helpers(judge=Hard())
        )

    async def ask(self, model: str = "auto", **more: Any) -> tuple[str, Receipt]:
        receipt = Receipt()
        stream = more.pop("stream", True)
        prompt = Prompt("r", "tenant", (Message("user", TEXT),), **more)
        answer = self.pipeline.answer(Request(model, (prompt,), stream), receipt)
        chunks: list[Chunk] = [chunk async for chunk in answer]
        return "".join(chunk.text for chunk in chunks), receipt


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence is looked into soon."""
    for name in ("SILENCE", "HASTE", "ANSWER"):
        monkeypatch.setattr(attended, name, 0.05)


def hang(after: int = 0, noticed: float = 0.0) -> Script:
    return Script(fail_after=after, fail_how="hang", stuck_after=noticed)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("after", [0, 1, 20])
async def test_an_engine_that_hangs_is_left_for_the_other_tier(
    quick: None, after: int, stream: bool
) -> None:
    house = House(hang(after))
    text, receipt = await house.ask(stream=stream)
    assert (text, receipt.tier) == (TEXT, "small")
    assert receipt.continued == (stream and after > 0)
    await house.pipeline.close()


async def test_a_hang_is_noticed_within_ten_seconds_and_then_nobody_is_sent_there() -> None:
    house = House(hang(noticed=1.0))
    began = time.monotonic()
    await house.ask()
    assert time.monotonic() - began < 10
    await house.pipeline.tiers["large"].look()
    text, receipt = await house.ask()
    assert (text, receipt.reason) == (TEXT, "large is unavailable")
    assert [attempt.tier for attempt in receipt.attempts] == ["small"]
    await house.pipeline.close()


async def test_a_hang_that_nobody_else_can_mend_ends_at_the_deadline() -> None:
    house = House(hang(noticed=60))
    with pytest.raises(GenerationTimeout) as late:
        await house.ask("big", timeout=0.2)
    assert describe(late.value).status == 504
    assert house.large.running == 0
    await house.pipeline.close()


@pytest.mark.parametrize("stream", [True, False])
async def test_a_surprise_from_one_tier_is_answered_by_the_other_and_logged(
    caplog: pytest.LogCaptureFixture, stream: bool
) -> None:
    house = House(Script(fail_after=0, fail_how="raise"))
    text, receipt = await house.ask(stream=stream)
    assert (text, receipt.tier) == (TEXT, "small")
    assert [(a.tier, a.error) for a in receipt.attempts] == [
        ("large", "RuntimeError"),
        ("small", None),
    ]
    assert "CUDA error" in caplog.text
    await house.pipeline.close()


async def test_an_engine_that_keeps_raising_is_left_alone() -> None:
    house = House(Script(fail_after=0, fail_how="raise"), breaker={"calls": 4, "rest": 60})
    for _ in range(8):
        assert (await house.ask())[0] == TEXT
    assert len(house.large.prompts) == 4
    assert (await house.ask())[1].reason == "large is failing"
    await house.pipeline.close()


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("position", range(1, 21))
async def test_wherever_an_answer_breaks_off_nothing_is_missing_or_said_twice(
    position: int, stream: bool
) -> None:
    house = House(Script(fail_after=position))
    text, receipt = await house.ask(stream=stream)
    assert text == TEXT
    assert receipt.usage is not None
    assert receipt.usage.completion_tokens == 22
    await house.pipeline.close()


class Dies(ScriptedEngine):
    """Out of memory in the middle of its first answer, like vLLM: after that, nothing comes."""

    async def generate(self, prompt: Prompt) -> ChunkStream:
        await self.health()
        await self.close()
        raise EngineDied(BROKEN_OFF)
        yield


@pytest.mark.parametrize("stream", [True, False])
async def test_an_engine_that_runs_out_of_memory_leaves_its_answers_to_the_other(
    stream: bool,
) -> None:
    house = House(Dies("big"))
    text, receipt = await house.ask(stream=stream)
    assert (text, receipt.tier) == (TEXT, "small")
    await house.pipeline.close()


async def test_and_one_that_nobody_stands_in_for_is_a_503_that_may_be_tried_again() -> None:
    house = House(Dies("big"))
    with pytest.raises(EngineError) as refused:
        await house.ask("big")
    found = describe(refused.value)
    assert found.status == 503
    assert found.retry_after is not None
    await house.pipeline.close()


def cannot_load(error: Exception) -> tuple[Resident, Callable[[], int]]:
    """An engine whose model does not load, and how often that was tried."""
    tried: list[Exception] = []

    def build() -> Engine:
        tried.append(error)
        raise error

    return Resident(replace(ScriptedEngine("big").card), build), lambda: len(tried)


@pytest.mark.parametrize(
    "error", [ModelRefused("vLLM cannot load the model."), RuntimeError("CUDA out of memory")]
)
async def test_a_model_that_does_not_fit_is_tried_once_and_the_other_tier_answers(
    error: Exception,
) -> None:
    engine, tried = cannot_load(error)
    house = House(engine)
    for _ in range(5):
        text, receipt = await house.ask()
        assert (text, receipt.tier) == (TEXT, "small")
    with pytest.raises(EngineError) as refused:
        await house.ask("big")
    assert (describe(refused.value).status, tried()) == (503, 1)
    assert "CUDA" not in refused.value.message
    await house.pipeline.close()
