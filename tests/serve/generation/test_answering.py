"""Two tiers, one answer: what a request sees when a tier is full, slow or dead."""

import asyncio
from typing import Any

import pytest

from models.engine import Chunk, Format, Message, Prompt, Sampling, Tool
from models.errors import EngineInterrupted, EngineUnavailable
from models.scripted import Script, ScriptedEngine
from serve.config import Settings
from serve.documents.questions import Asking
from serve.errors import Overloaded
from serve.pipeline import Helpers, Pipeline, Request
from serve.policy.routing import Guess
from serve.receipt import Receipt

TEXT = "one two three four five six"


class Hard:
    """Finds everything hard."""

    async def guess(self, asking: Asking, quality: float) -> Guess:
        return Guess(0.9, 0.5)


def settings(**more: Any) -> Settings:
    tier = {"engine": "scripted", "slots": 4}
    tiers = {"small": {**tier, "model": "little"}, "large": {**tier, "model": "big"}}
    return Settings.model_validate({"tiers": tiers, "embedder": {"engine": "none"}} | more)


def prompt(text: str = TEXT, **more: Any) -> Prompt:
    return Prompt("r", "tenant", (Message("user", text),), **more)


class House:
    """Both tiers with scripted engines; `ask` gives text and receipt."""

    def __init__(self, large: Script | None = None, small: Script | None = None, **more: Any):
        self.large, self.small = ScriptedEngine("big", large), ScriptedEngine("little", small)
        engines = {"small": self.small, "large": self.large}
        self.pipeline = Pipeline(settings(**more), engines, Helpers(judge=Hard()))

    async def ask(
        self, one: Prompt | None = None, *, stream: bool = True, model: str = "auto"
    ) -> tuple[list[Chunk], Receipt]:
        receipt = Receipt()
        request = Request(model, (one or prompt(),), stream)
        try:
            answer = self.pipeline.answer(request, receipt)
            return [chunk async for chunk in answer], receipt
        finally:
            await self.pipeline.close()


def text(chunks: list[Chunk]) -> str:
    return "".join(chunk.text for chunk in chunks)


async def test_auto_goes_where_the_judge_says_and_the_receipt_tells_why() -> None:
    chunks, receipt = await House().ask()
    assert text(chunks) == TEXT
    assert (receipt.tier, receipt.model) == ("large", "big")
    assert receipt.reason == "hard: 0.90 over 0.50"


@pytest.mark.parametrize("stream", [True, False])
async def test_a_tier_that_fails_at_once_is_replaced_unseen(stream: bool) -> None:
    house = House(large=Script(fail_after=0))
    chunks, receipt = await house.ask(stream=stream)
    assert text(chunks) == TEXT
    assert receipt.tier == "small"
    assert [(a.tier, a.error) for a in receipt.attempts] == [
        ("large", "EngineInterrupted"),
        ("small", None),
    ]
    assert not receipt.continued


@pytest.mark.parametrize("position", range(1, 6))
async def test_the_other_tier_continues_a_stream_that_broke_off(position: int) -> None:
    house = House(large=Script(fail_after=position))
    chunks, receipt = await house.ask()
    assert text(chunks) == TEXT
    assert receipt.continued
    assert house.small.prompts[0].begun == " ".join(TEXT.split()[:position])
    assert [c.finish_reason for c in chunks if c.finish_reason] == ["stop"]
    assert receipt.usage is not None
    assert receipt.usage.completion_tokens == 6


async def test_an_answer_that_a_client_began_is_continued_with_all_that_is_there() -> None:
    house = House(large=Script(fail_after=1))
    chunks, _ = await house.ask(prompt(begun="one two"))
    assert text(chunks) == " three four five six"
    assert house.small.prompts[0].begun == "one two three"


async def test_what_is_left_of_a_limit_is_kept_when_continuing() -> None:
    house = House(large=Script(fail_after=2))
    chunks, receipt = await house.ask(prompt(sampling=Sampling(max_tokens=4)))
    assert text(chunks) == "one two three four"
    assert receipt.finish_reason == "length"


@pytest.mark.parametrize(
    "more",
    [
        {"format": Format("json_object")},
        {"tools": (Tool("f", "", {}),)},
        {"sampling": Sampling(top_logprobs=1)},
    ],
)
async def test_what_cannot_be_continued_ends_with_an_error(more: dict[str, Any]) -> None:
    house = House(large=Script(fail_after=1))
    with pytest.raises(EngineInterrupted):
        await house.ask(prompt(**more))
    assert house.small.prompts == []


async def test_continuing_can_be_switched_off() -> None:
    house = House(large=Script(fail_after=1), routing={"continue_broken": False})
    with pytest.raises(EngineInterrupted):
        await house.ask()


async def test_a_named_tier_is_obeyed_even_when_it_fails() -> None:
    house = House(large=Script(fail_after=0))
    with pytest.raises(EngineInterrupted):
        await house.ask(model="big")
    assert house.small.prompts == []
    assert len(house.large.prompts) == 3


async def test_a_tier_that_is_down_is_not_even_tried() -> None:
    house = House()
    await house.large.close()
    await house.pipeline.tiers["large"].look()

    async def down() -> None:
        raise EngineUnavailable("Dead.")

    house.large.load = down  # type: ignore[assignment, method-assign]
    chunks, receipt = await house.ask()
    assert text(chunks) == TEXT
    assert receipt.reason == "large is unavailable"
    assert len(receipt.attempts) == 1


async def test_failures_open_the_breaker_and_later_requests_do_not_try() -> None:
    house = House(large=Script(fail_after=0), breaker={"calls": 2, "rest": 60})
    for _ in range(2):
        await house.ask()
    _, receipt = await house.ask()
    assert receipt.reason == "large is failing"
    assert [a.tier for a in receipt.attempts] == ["small"]


async def test_retries_stop_when_their_budget_is_spent() -> None:
    house = House(
        large=Script(fail_after=0), retry={"share": 0, "spare": 1}, breaker={"calls": 100}
    )
    assert text((await house.ask())[0]) == TEXT
    with pytest.raises(EngineInterrupted):
        await house.ask()


async def test_a_full_tier_and_no_room_to_wait_is_a_refusal_with_a_time() -> None:
    house = House(large=Script(first_token_delay=30), admission={"waiting": 0})
    receipts = [Receipt() for _ in range(5)]
    streams = [house.pipeline.answer(Request("big", (prompt(),), True), r) for r in receipts]
    running = [asyncio.create_task(anext(stream)) for stream in streams[:4]]
    async with asyncio.timeout(5):
        while house.large.running < 4:
            await asyncio.sleep(0.001)
        with pytest.raises(Overloaded) as refused:
            await anext(streams[4])
    assert refused.value.retry_after > 0
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    await house.pipeline.close()
    assert house.pipeline.tiers["large"].gate.policy.running == 0


async def test_a_tier_fills_in_the_sampling_that_a_client_left_open() -> None:
    tiers = {"small": {"engine": "scripted", "model": "m", "temperature": 0.3, "top_p": 0.8}}
    engine = ScriptedEngine("m")
    pipeline = Pipeline(settings(tiers=tiers), {"small": engine})
    request = Request("m", (prompt(),), True, frozenset({"temperature"}))
    assert [chunk async for chunk in pipeline.answer(request, Receipt())]
    await pipeline.close()
    assert engine.prompts[0].sampling.temperature == 0.3
    assert engine.prompts[0].sampling.top_p == 1.0
