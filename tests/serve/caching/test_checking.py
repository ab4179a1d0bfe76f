"""Would-be hits that are generated anyway: when, and what is learnt from them.

Every text has the same embedding here, so that answers agree unless a number in them differs.
"""

import asyncio

import numpy as np

from index.caches.local import LocalMemory
from index.caches.memory import Scope
from index.caches.semantic import SemanticCache
from models.scripted import ScriptedEngine
from serve.config import Settings
from serve.pipeline import Helpers, Pipeline
from serve.policy.admission import Ask
from serve.policy.estimates import Estimate
from serve.receipt import Receipt
from tests.index.caches.plain_verdict import by_cosine
from tests.serve.caching.test_remembering_alike import AGAIN, FIRST, TIERS, chat
from tests.serve.fixed_embedder import Fixed

DEADLINE = 5.0


class Bench:
    """A pipeline that checks every answer; its engine repeats what it is asked, or says `said`."""

    def __init__(self, checked: float = 1.0) -> None:
        settings = Settings.model_validate({"tiers": TIERS, "cache": {"checked": checked}})
        self.engine = ScriptedEngine("echo")
        self.alike = SemanticCache(1 << 20, by_cosine(), 0.1)
        self.memory = LocalMemory(1 << 20, 3600, self.alike)
        helpers = Helpers(Fixed(np.full(16, 0.25)), memory=self.memory, alike=True)
        self.pipeline = Pipeline(settings, {"small": self.engine}, helpers)

    async def ask(self, text: str) -> Receipt:
        receipt = Receipt()
        async for _ in self.pipeline.answer(chat(text), receipt):
            pass
        return receipt

    async def observed(self) -> tuple[int, int]:
        """How many were checked, and how many of them were wrong."""
        async with asyncio.timeout(DEADLINE):
            while not self.alike.measured.checked:
                await asyncio.sleep(0)
        return self.alike.measured.checked, self.alike.measured.wrong


async def test_a_checked_answer_is_generated_and_compared_with_the_kept_one() -> None:
    bench = Bench()
    await bench.ask(FIRST)
    receipt = await bench.ask(AGAIN)
    assert (receipt.cache, receipt.cache_reason) == ("miss", "checked")
    assert len(bench.engine.prompts) == 2
    assert await bench.observed() == (1, 0)
    assert (await bench.memory.stats()).measured == bench.alike.measured


async def test_while_none_are_to_be_checked_the_kept_one_is_given() -> None:
    bench = Bench(checked=0.0)
    await bench.ask(FIRST)
    assert (await bench.ask(AGAIN)).cache == "similar"
    assert bench.alike.measured.hits == 1
    assert bench.alike.measured.checked == 0


async def test_nothing_is_checked_while_an_engine_has_something_to_do() -> None:
    bench = Bench()
    await bench.ask(FIRST)
    gate = bench.pipeline.tiers["small"].gate
    busy = Ask("other", Estimate(10, 10, 10, 20), gate.clock() + DEADLINE)
    async with gate.permit(busy):
        assert (await bench.ask(AGAIN)).cache == "similar"


async def test_a_disliked_answer_is_gone_for_its_own_question_too() -> None:
    bench = Bench(checked=0.0)
    await bench.ask(FIRST)
    (entry,) = await bench.memory.entries(Scope(), 1)
    assert await bench.memory.dislike(bytes.fromhex(entry.key))
    assert not await bench.memory.dislike(bytes.fromhex(entry.key))
    assert (await bench.ask(FIRST)).cache == "miss"
    assert bench.alike.measured.disliked == 1
