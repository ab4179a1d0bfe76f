"""The way of a request, with scripted engines."""

import pytest

from models.engine import Chunk, Message, Prompt, Sampling
from models.errors import EngineInterrupted, GenerationTimeout, PromptRefused
from models.scripted import Script, ScriptedEngine
from serve.config import Settings
from serve.errors import NotFound
from serve.pipeline import Pipeline, Request
from serve.receipt import Receipt

SETTINGS = Settings.model_validate(
    {"tiers": {"small": {"engine": "scripted", "model": "echo"}}, "retry": {"attempts": 3}}
)


def prompt(text: str = "one two three", **sampling: object) -> Prompt:
    chosen = Sampling(**sampling)  # type: ignore[arg-type]
    return Prompt("req_1", "tenant", (Message("user", text),), chosen)


def request(*prompts: Prompt, stream: bool = True, model: str = "echo") -> Request:
    return Request(model, prompts or (prompt(),), stream)


async def answer(
    engine: ScriptedEngine, asked: Request, receipt: Receipt | None = None
) -> list[Chunk]:
    pipeline = Pipeline(SETTINGS, {"small": engine})
    return [chunk async for chunk in pipeline.answer(asked, receipt or Receipt())]


def text(chunks: list[Chunk], index: int = 0) -> str:
    return "".join(c.text for c in chunks if c.index == index)


@pytest.mark.parametrize("name", ["echo", "small"])
async def test_a_model_is_found_by_its_name_and_by_its_tier(name: str) -> None:
    assert text(await answer(ScriptedEngine(), request(model=name))) == "one two three"


async def test_an_unknown_model_is_not_found_and_named() -> None:
    with pytest.raises(NotFound) as refused:
        await answer(ScriptedEngine(), request(model="gpt-9"))
    assert (refused.value.param, refused.value.code) == ("model", "model_not_found")
    assert "gpt-9" in refused.value.message


async def test_the_receipt_tells_tier_times_tokens_and_end() -> None:
    receipt = Receipt()
    await answer(ScriptedEngine(), request(), receipt)
    assert (receipt.tier, receipt.model, receipt.finish_reason) == ("small", "echo", "stop")
    assert receipt.usage is not None
    assert (receipt.usage.prompt_tokens, receipt.usage.completion_tokens) == (3, 3)
    assert [s.name for s in receipt.steps] == ["route", "generate"]
    assert [a.error for a in receipt.attempts] == [None]
    assert receipt.ttft_ms is not None


@pytest.mark.parametrize("stream", [True, False])
async def test_a_failure_before_the_first_chunk_is_retried_unseen(stream: bool) -> None:
    receipt = Receipt()
    engine = ScriptedEngine(script=Script(fail_after=0, fail_times=2))
    chunks = await answer(engine, request(stream=stream), receipt)
    assert text(chunks) == "one two three"
    assert [a.error for a in receipt.attempts] == ["EngineInterrupted"] * 2 + [None]


@pytest.mark.parametrize("position", [1, 2])
async def test_an_answer_that_is_not_streamed_is_retried_however_late_it_breaks(
    position: int,
) -> None:
    engine = ScriptedEngine(script=Script(fail_after=position, fail_times=1))
    assert text(await answer(engine, request(stream=False))) == "one two three"


async def test_a_stream_that_breaks_after_its_first_chunk_is_not_replayed() -> None:
    engine = ScriptedEngine(script=Script(fail_after=2, fail_times=1))
    chunks = Pipeline(SETTINGS, {"small": engine}).answer(request(), Receipt())
    assert [(await anext(chunks)).text for _ in range(2)] == ["one", " two"]
    with pytest.raises(EngineInterrupted):
        await anext(chunks)
    assert len(engine.prompts) == 1


async def test_attempts_are_bounded() -> None:
    engine = ScriptedEngine(script=Script(fail_after=0))
    with pytest.raises(EngineInterrupted):
        await answer(engine, request())
    assert len(engine.prompts) == 3


async def test_a_refused_prompt_is_not_tried_again() -> None:
    engine = ScriptedEngine(script=Script(context_length=16))
    with pytest.raises(PromptRefused):
        await answer(engine, request(prompt(max_tokens=100)))
    assert engine.prompts == []


async def test_several_choices_come_under_their_own_index() -> None:
    prompts = [prompt(f"answer {i} is here") for i in range(3)]
    chunks = await answer(ScriptedEngine(script=Script(token_delay=0.001)), request(*prompts))
    assert [text(chunks, i) for i in range(3)] == [f"answer {i} is here" for i in range(3)]
    assert sorted(c.index for c in chunks if c.finish_reason) == [0, 1, 2]


async def test_closing_early_stops_every_choice() -> None:
    engine = ScriptedEngine(script=Script(token_delay=0.001))
    pipeline = Pipeline(SETTINGS, {"small": engine})
    chunks = pipeline.answer(request(prompt("a b c d"), prompt("e f g h")), Receipt())
    await anext(chunks)
    assert engine.running == 2
    await chunks.aclose()
    assert engine.running == 0


async def test_the_first_error_ends_all_choices() -> None:
    engine = ScriptedEngine(script=Script(fail_after=1, token_delay=0.001))
    with pytest.raises(EngineInterrupted):
        await answer(engine, request(prompt("a b c"), prompt("d e f")))
    assert engine.running == 0


async def test_the_deadline_holds_over_all_attempts() -> None:
    engine = ScriptedEngine(script=Script(first_token_delay=60))
    asked = Prompt("req_1", "tenant", "hello", timeout=0.05)
    with pytest.raises(GenerationTimeout):
        await answer(engine, request(asked))
    assert engine.running == 0
