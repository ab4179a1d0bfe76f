"""Who pays what for a request, over two tiers."""

import asyncio
from contextlib import aclosing
from typing import Any

import pytest

from models.engine import Message, Prompt, Sampling
from models.scripted import Script, ScriptedEngine
from serve.config import Settings
from serve.errors import NotAllowed, RateLimited
from serve.pipeline import Pipeline
from serve.policy.accounts import Cost
from serve.policy.limits import Limiter, Payer
from serve.receipt import Receipt
from serve.request import Request
from serve.sections.quotas import Limits

PRICED = {"price": {"input": 1e6, "cached": 5e5, "output": 2e6}, "energy": {"output": 3e6}}
KEY = Payer("key:a", "the key 'a'", Limits(tokens=100_000))


def pipeline(script: Script | None = None, **quotas: Any) -> Pipeline:
    tiers = {
        "small": {"engine": "scripted", "model": "little", **PRICED},
        "large": {"engine": "scripted", "model": "big", **PRICED},
    }
    settings = Settings(tiers=tiers, quotas=quotas, embedder={"engine": "none", "model": "none"})
    engines = {name: ScriptedEngine(str(tiers[name]["model"]), script) for name in tiers}
    return Pipeline(settings, engines)


def request(model: str = "little", choices: int = 1, **more: Any) -> Request:
    told = Message("user", "one two three")
    prompts = tuple(
        Prompt(f"r-{n}", "t", (told,), Sampling(temperature=1.0, max_tokens=9))
        for n in range(choices)
    )
    return Request(model, prompts, True, payers=(KEY,), **more)


def limiter(pipeline: Pipeline) -> Limiter:
    return pipeline.billing.limiting.limiter


async def answered(pipeline: Pipeline, asked: Request) -> Receipt:
    receipt = Receipt()
    async with aclosing(pipeline.answer(asked, receipt)) as chunks:
        async for _ in chunks:
            pass
    return receipt


async def test_what_it_cost_follows_from_its_tokens_and_the_tiers_prices() -> None:
    house = pipeline()
    receipt = await answered(house, request())
    assert receipt.usage is not None
    read, written = receipt.usage.prompt_tokens, receipt.usage.completion_tokens
    spent = limiter(house).books.settled
    assert spent == Cost(1, read, written, read * 1.0 + written * 2.0, written * 3.0)
    assert (receipt.cost, receipt.energy) == (spent.money, spent.energy)
    await house.close()


async def test_several_choices_are_one_request_with_one_prompt() -> None:
    house = pipeline()
    receipt = await answered(house, request(choices=3))
    assert receipt.usage is not None
    settled = limiter(house).books.settled
    assert (settled.requests, settled.input) == (1, receipt.usage.prompt_tokens)
    assert settled.output == receipt.usage.completion_tokens == 9
    await house.close()


async def test_auto_goes_to_the_model_that_has_room_and_then_to_none() -> None:
    house = pipeline(models={"little": {"requests": 1}, "big": {"requests": 1}})
    asked = [await answered(house, request("auto")) for _ in range(2)]
    assert {receipt.model for receipt in asked} == {"little", "big"}
    with pytest.raises(RateLimited, match="the model"):
        await answered(house, request("auto"))
    await house.close()


async def test_auto_goes_only_to_models_of_the_key() -> None:
    house = pipeline()
    for model in ("little", "big"):
        receipt = await answered(house, request("auto", models=(model,)))
        assert receipt.model == model
    for asked in (request("auto", models=("other",)), request("big", models=("little",))):
        with pytest.raises(NotAllowed):
            await answered(house, asked)
    await house.close()


async def test_who_leaves_pays_for_what_came_and_the_rest_goes_back() -> None:
    house = pipeline(Script(words=tuple(f" w{n}" for n in range(9))))
    receipt = Receipt()
    chunks = house.answer(request(), receipt)
    for _ in range(2):
        await anext(chunks)
    await chunks.aclose()
    books = limiter(house).books
    assert books.settled.requests == 1
    assert books.settled.input > 0
    assert 1 <= books.settled.output < 9
    assert limiter(house).in_flight == Cost(0)
    await house.close()


async def test_who_leaves_before_anything_came_pays_for_a_request() -> None:
    house = pipeline(Script(first_token_delay=60))
    receipt = Receipt()
    chunks = house.answer(request(), receipt)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(chunks), 0.2)
    await chunks.aclose()
    assert limiter(house).books.settled == Cost(1)
    await house.close()
