"""Two gateways, one memory: what is asked of both at the same time is generated once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest

from index.caches.local import LocalMemory
from index.caches.sealed import Kept
from index.caches.sharing import Berth, Follow, Lead, News, Report
from index.caches.tower import Tower
from models.engine import Message, Prompt, Sampling
from models.errors import GenerationTimeout
from models.scripted import Script, ScriptedEngine
from serve.config import Settings
from serve.pipeline import Helpers, Pipeline, Request
from serve.policy.freshness import Freshness
from serve.receipt import Receipt
from serve.receipts.features import Noting

TIERS = {"small": {"engine": "scripted", "model": "echo", "temperature": 0.2}}
OPEN = frozenset({"temperature"})  # left to the tier, whose own is low
DEADLINE = 20.0  # seconds
WORDS = "one two three four five six"


class Wire:
    """The way from a gateway to the tower, which may be cut."""

    def __init__(self, tower: Tower) -> None:
        self.cut = False
        self._tower = tower

    async def board(self, berth: Berth, reader: str) -> Kept | Lead | Follow:
        return Lead() if self.cut else await self._tower.board(berth, reader)

    async def publish(self, flight: str, report: Report, wait: float) -> int | None:
        return None if self.cut else await self._tower.publish(flight, report, wait)

    async def hear(self, flight: str, reader: str, seen: int, wait: float) -> News | None:
        news = None if self.cut else await self._tower.hear(flight, reader, seen, wait)
        return None if self.cut else news

    async def leave(self, flight: str, reader: str) -> None:
        if not self.cut:
            await self._tower.leave(flight, reader)

    async def land(self, flight: str, count: int | None) -> None:
        if not self.cut:
            await self._tower.land(flight, count)


class House:
    """Gateways with an engine each, so that it can be told who generated."""

    def __init__(self, script: Script | None = None, lease: float = 3.0) -> None:
        self.memory = LocalMemory(1 << 20, 3600)
        tower = Tower(self.memory, lease)
        self.wires = [Wire(tower), Wire(tower)]
        settings = Settings.model_validate({"tiers": TIERS})
        self.engines = [ScriptedEngine("echo", script) for _ in self.wires]
        self.gateways = [
            Pipeline(settings, {"small": engine}, self._helpers(wire))
            for engine, wire in zip(self.engines, self.wires, strict=True)
        ]

    def _helpers(self, wire: Wire) -> Helpers:
        return Helpers(memory=self.memory, sharing=wire, noting=Noting(b"of both"))

    @property
    def generated(self) -> list[int]:
        return [len(engine.prompts) for engine in self.engines]

    async def ask(self, gateway: int, asked: Request, receipt: Receipt | None = None) -> str:
        async with aclosing(self.gateways[gateway].answer(asked, receipt or Receipt())) as chunks:
            return "".join([chunk.text async for chunk in chunks])

    async def idle(self) -> None:
        async with asyncio.timeout(DEADLINE):
            while any(engine.running for engine in self.engines):
                await asyncio.sleep(0.01)


@asynccontextmanager
async def house(script: Script | None = None, lease: float = 3.0) -> AsyncIterator[House]:
    opened = House(script, lease)
    try:
        yield opened
    finally:
        for gateway in opened.gateways:
            await gateway.close()
        assert [engine.running for engine in opened.engines] == [0, 0]


def asked(text: str = WORDS, stream: bool = True, tenant: str = "t", **wish: Any) -> Request:
    prompt = Prompt("req", tenant, (Message("user", text),), Sampling())
    return Request("echo", (prompt,), stream, OPEN, wish=Freshness(**wish))


@pytest.mark.parametrize("stream", [True, False])
async def test_a_hundred_who_ask_two_gateways_are_answered_by_one_generation(stream: bool) -> None:
    async with house(Script(token_delay=0.05)) as both:
        receipts = [Receipt() for _ in range(100)]
        asking = (both.ask(n % 2, asked(stream=stream), r) for n, r in enumerate(receipts))
        assert set(await asyncio.gather(*asking)) == {WORDS}
        assert sum(both.generated) == 1
        assert sorted(str(r.cache) for r in receipts) == ["joined"] * 99 + ["miss"]
        assert {(r.tier, r.model) for r in receipts} == {("small", "echo")}
        stats = await both.memory.stats()
        assert stats.counts == {"miss": 1, "joined": 99}


async def test_who_comes_late_hears_the_beginning_too_and_then_it_is_kept_for_both() -> None:
    async with house(Script(token_delay=0.05)) as both:
        first = both.gateways[0].answer(asked(), Receipt())
        begun = (await anext(first)).text
        late = asyncio.create_task(both.ask(1, asked()))
        rest = "".join([chunk.text async for chunk in first])
        assert (begun + rest, await late) == (WORDS, WORDS)
        for gateway in (0, 1):
            receipt = Receipt()
            assert await both.ask(gateway, asked(), receipt) == WORDS
            assert receipt.cache == "hit"
        assert both.generated == [1, 0]


async def test_who_wants_a_new_answer_or_none_kept_and_another_tenant_share_nothing() -> None:
    async with house(Script(token_delay=0.05)) as both:
        others = [asked(read=False), asked(read=False, keep=False), asked(tenant="other")]
        asking = [both.ask(0, asked())] + [both.ask(1, other) for other in others]
        assert set(await asyncio.gather(*asking)) == {WORDS}
        assert both.generated == [1, 3]


async def test_the_first_gateways_reader_leaves_and_the_others_still_get_their_answer() -> None:
    async with house(Script(token_delay=0.1)) as both:
        first = both.gateways[0].answer(asked(), Receipt())
        await anext(first)
        other = both.gateways[1].answer(asked(), Receipt())
        begun = (await anext(other)).text
        await first.aclose()
        assert begun + "".join([chunk.text async for chunk in other]) == WORDS
        assert both.generated == [1, 0]


async def test_the_engine_stops_when_the_last_reader_anywhere_has_left() -> None:
    async with house(Script(words=["word "] * 1000, token_delay=0.05)) as both:
        readers = [gateway.answer(asked(), Receipt()) for gateway in both.gateways]
        for reader in readers:
            await anext(reader)
        for reader in readers:
            await reader.aclose()
        await both.idle()
        assert both.generated == [1, 0]


async def test_a_reader_alone_stops_the_engine_at_once() -> None:
    async with house(Script(token_delay=0.1)) as both:
        reader = both.gateways[0].answer(asked(), Receipt())
        await anext(reader)
        await reader.aclose()
        assert both.engines[0].running == 0


async def test_what_one_gateways_first_is_refused_the_other_asks_for_itself() -> None:
    async with house(Script(first_token_delay=0.3)) as both:
        prompt = Prompt("req", "t", (Message("user", WORDS),), Sampling(), timeout=0.1)
        hurried = Request("echo", (prompt,), True, OPEN)
        first = asyncio.create_task(both.ask(0, hurried))
        await asyncio.sleep(0.01)
        second = asyncio.create_task(both.ask(1, asked()))
        with pytest.raises(GenerationTimeout):
            await first
        assert await second == WORDS


@pytest.mark.parametrize("begun", [True, False])
async def test_who_loses_its_leader_generates_the_rest_itself(begun: bool) -> None:
    """The leader is not heard of any more; one reader has a part of the answer, or nothing."""
    script = Script(token_delay=0.2, first_token_delay=0.0 if begun else 1.0)
    async with house(script, lease=0.3) as both:
        first = asyncio.create_task(both.ask(0, asked()))
        await asyncio.sleep(0.01)
        receipt = Receipt()
        second = both.gateways[1].answer(asked(), receipt)
        said = [(await anext(second)).text] if begun else []
        both.wires[0].cut = True
        said += [chunk.text async for chunk in second]
        assert ("".join(said), await first) == (WORDS, WORDS)
        assert both.generated == [1, 1]
        assert receipt.cache == "miss"


async def test_the_shared_memory_may_go_while_it_is_asked_and_nobody_notices() -> None:
    async with house(Script(token_delay=0.05)) as both:
        asking = [asyncio.create_task(both.ask(n % 2, asked())) for n in range(10)]
        await asyncio.sleep(0.1)
        for wire in both.wires:
            wire.cut = True
        assert set(await asyncio.gather(*asking)) == {WORDS}
        assert 1 <= sum(both.generated) <= 2


async def test_without_the_tower_each_gateway_generates_by_itself() -> None:
    async with house(Script(token_delay=0.05)) as both:
        for wire in both.wires:
            wire.cut = True
        asking = [both.ask(n % 2, asked()) for n in range(10)]
        assert set(await asyncio.gather(*asking)) == {WORDS}
        assert both.generated == [1, 1]
