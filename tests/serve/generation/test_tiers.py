"""Gateways that share an engine: what each of them sees of the others."""

import asyncio
import time
from contextlib import suppress

import pytest

from models.engine import Message, Prompt, Sampling
from models.scripted import Script, ScriptedEngine
from serve.config import Settings
from serve.errors import Overloaded
from serve.generation.tiers import LINGER, PERIOD
from serve.pipeline import Pipeline
from serve.receipt import Receipt
from serve.request import Request

PLACES = 6
WORD = 0.05  # seconds


class House:
    """Gateways before one engine. `peak`: the most that it ran at once."""

    def __init__(self, gateways: int, waiting: int = 100) -> None:
        self.engine = ScriptedEngine("big", Script(("word ",) * 1000, token_delay=WORD))
        tier = {"engine": "scripted", "model": "big", "slots": PLACES}
        settings = Settings.model_validate(
            {
                "tiers": {"large": tier},
                "embedder": {"engine": "none"},
                "cache": {"enabled": False},
                "gateway": {"replicas": gateways},
                "admission": {"waiting": waiting},
            }
        )
        engines = {"large": self.engine}
        self.gateways = [Pipeline(settings, engines) for _ in range(max(2, gateways))]
        self.peak = 0
        self._watch = asyncio.create_task(self._look())

    def ask(self, gateway: int, words: int) -> "asyncio.Task[float]":
        """Its result: seconds until the answer was there."""
        return asyncio.create_task(self._asked(gateway, words))

    async def _asked(self, gateway: int, words: int) -> float:
        began, sampling = time.monotonic(), Sampling(max_tokens=words)
        prompt = Prompt("r", "tenant", (Message("user", "?"),), sampling)
        answer = self.gateways[gateway].answer(Request("big", (prompt,), False), Receipt())
        assert [chunk.text async for chunk in answer]
        return time.monotonic() - began

    async def until_running(self, count: int) -> None:
        async with asyncio.timeout(10):
            while self.engine.running < count:
                await asyncio.sleep(0.005)

    async def _look(self) -> None:
        while True:
            self.peak = max(self.peak, self.engine.running)
            await asyncio.sleep(0.005)

    async def close(self) -> None:
        self._watch.cancel()
        for gateway in self.gateways:
            await gateway.close()


async def test_a_gateway_gets_its_share_of_an_engine_that_another_keeps_full() -> None:
    house = House(gateways=2)
    flood = [house.ask(0, 10 + i % 7) for i in range(10 * PLACES)]  # no two end together
    await house.until_running(PLACES)
    await asyncio.sleep(2 * PERIOD)  # the other one has seen that the engine is full
    late = [house.ask(1, 10) for _ in range(PLACES)]
    slowest = max(await asyncio.gather(*late))
    assert slowest < max(await asyncio.gather(*flood)) / 2
    await house.close()


@pytest.mark.slow
async def test_who_waits_sees_a_place_that_another_gateway_frees_long_after_the_last_request() -> (
    None
):
    house = House(gateways=1)  # what runs besides counts in full
    long = round((LINGER + 1) / WORD)
    held = [house.ask(0, long) for _ in range(PLACES)]
    await house.until_running(PLACES)
    waited = house.ask(1, 1)
    took = max(await asyncio.gather(*held))
    assert await waited < took + 4 * PERIOD
    await house.close()


async def test_clients_that_retry_at_once_give_the_engine_no_more_to_do() -> None:
    house = House(gateways=3, waiting=PLACES)

    async def stubborn(number: int) -> bool:
        for _ in range(4):
            with suppress(Overloaded):
                await house.ask(number % 3, 10)
                return True
        return False

    answered = sum(await asyncio.gather(*(stubborn(number) for number in range(300))))
    assert 3 * PLACES <= answered < 300
    assert len(house.engine.prompts) == answered
    assert house.peak <= 1.1 * PLACES
    await house.close()
