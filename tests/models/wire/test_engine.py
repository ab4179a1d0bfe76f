"""An engine in another process: who is asked, and what happens when one side is gone."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import uvloop

from models.engine import ChunkStream, Message, Prompt, Sampling
from models.errors import EngineInterrupted, EngineUnavailable
from models.scripted import Script, ScriptedEngine
from models.wire import engine as wired_engine
from models.wire.engine import WiredEngine
from models.wire.serving import Door

SLOW = Script(token_delay=0.02)


class Replicas:
    """Engines behind doors; `find` names each in turn, as often as it is asked."""

    def __init__(self, folder: Path, *engines: ScriptedEngine) -> None:
        self.engines = engines
        self.doors = [
            Door(engine, folder / str(number), self._woken) for number, engine in enumerate(engines)
        ]
        self.asked = 0
        self.woken = 0

    def _woken(self) -> None:
        self.woken += 1

    async def find(self) -> Path:
        self.asked += 1
        return self.doors[self.asked % len(self.doors)].path


@asynccontextmanager
async def wired(
    folder: Path, *engines: ScriptedEngine
) -> AsyncIterator[tuple[WiredEngine, Replicas]]:
    replicas = Replicas(folder, *engines)
    for door in replicas.doors:
        await door.open()
    engine = WiredEngine(engines[0].card, replicas.find, len(engines))
    try:
        yield engine, replicas
    finally:
        await engine.close()
        async with asyncio.timeout(10):
            for door in replicas.doors:
                await door.close()


def prompt(text: str, whole: bool = False) -> Prompt:
    return Prompt("r", "tenant", (Message("user", text),), Sampling(), whole=whole)


async def said(chunks: ChunkStream) -> str:
    return "".join([chunk.text async for chunk in chunks])


async def until(engine: ScriptedEngine, running: int) -> None:
    async with asyncio.timeout(5):
        while engine.running != running:
            await asyncio.sleep(0.005)


async def test_answers_at_the_same_time_are_not_mixed(tmp_path: Path) -> None:
    async with wired(tmp_path, ScriptedEngine("echo", Script(token_delay=0.001))) as (engine, _):
        asked = [" ".join([f"word{number}"] * 20) for number in range(50)]
        answers = await asyncio.gather(*(said(engine.generate(prompt(text))) for text in asked))
    assert answers == asked


async def test_what_nobody_streams_is_one_chunk(tmp_path: Path) -> None:
    async with wired(tmp_path, ScriptedEngine("echo", SLOW)) as (engine, _):
        chunks = [chunk async for chunk in engine.generate(prompt("one two three", whole=True))]
    assert [chunk.text for chunk in chunks] == ["one two three"]


async def test_who_leaves_gives_the_slot_back(tmp_path: Path) -> None:
    scripted = ScriptedEngine("echo", SLOW)
    async with wired(tmp_path, scripted) as (engine, _):
        async with aclosing(engine.generate(prompt("word " * 500))) as chunks:
            await anext(chunks)
            assert scripted.running == 1
        await until(scripted, 0)
        assert await said(engine.generate(prompt("still here"))) == "still here"


async def test_a_gateway_that_dies_frees_its_slots(tmp_path: Path) -> None:
    scripted = ScriptedEngine("echo", SLOW)
    async with wired(tmp_path, scripted) as (engine, _):
        stream = engine.generate(prompt("word " * 500))
        await anext(stream)
        await engine.close()
        with pytest.raises(EngineInterrupted):
            await said(stream)
        await until(scripted, 0)


async def test_a_replica_that_dies_interrupts_and_its_successor_is_found(tmp_path: Path) -> None:
    async with wired(tmp_path, ScriptedEngine("echo", SLOW)) as (engine, replicas):
        stream = engine.generate(prompt("word " * 500))
        await anext(stream)
        (door,) = replicas.doors
        for caller in list(door._callers):
            caller.connection.close()
        with pytest.raises(EngineInterrupted):
            await said(stream)
        assert await said(engine.generate(prompt("again"))) == "again"
        assert replicas.asked == 2


async def test_nobody_at_the_door_is_no_crash(tmp_path: Path) -> None:
    engine = WiredEngine(ScriptedEngine("echo").card, Replicas(tmp_path, ScriptedEngine()).find)
    for call in (said(engine.generate(prompt("hello"))), engine.health(), engine.load()):
        with pytest.raises(EngineUnavailable):
            await call
    await engine.close()


async def test_who_only_asks_how_it_is_does_not_wait_for_a_replica_that_does_not_come(
    tmp_path: Path,
) -> None:
    replicas, there = Replicas(tmp_path, ScriptedEngine("echo")), asyncio.Event()

    async def find() -> Path:
        await there.wait()
        return await replicas.find()

    engine = WiredEngine(ScriptedEngine("echo").card, find)
    answer = asyncio.create_task(said(engine.generate(prompt("it came"))))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(engine.load(), 1.1)
    with pytest.raises(EngineUnavailable):
        await asyncio.wait_for(engine.load(), 0.5)
    await replicas.doors[0].open()
    there.set()
    assert await asyncio.wait_for(answer, 5) == "it came"
    assert (await engine.load()).running == 0
    await engine.close()
    await replicas.doors[0].close()


async def test_the_least_busy_replica_is_asked(tmp_path: Path) -> None:
    one, two = ScriptedEngine("echo", SLOW), ScriptedEngine("echo", SLOW)
    async with wired(tmp_path, one, two) as (engine, _):
        streams = [engine.generate(prompt("word " * 500)) for _ in range(6)]
        await asyncio.gather(*(anext(stream) for stream in streams))
        assert (one.running, two.running) == (3, 3)
        for stream in streams:
            await stream.aclose()


@contextmanager
def frozen(path: Path) -> Iterator[None]:
    """What a stopped process is for others: the kernel still takes what they write to it."""
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(path))
        door.listen()
        yield


@asynccontextmanager
async def stuck(engine: WiredEngine, count: int) -> AsyncIterator[list[asyncio.Task[str]]]:
    asked = [asyncio.create_task(said(engine.generate(prompt("hello")))) for _ in range(count)]
    await asyncio.wait(asked, timeout=2 * wired_engine.PATIENCE)
    try:
        yield asked
    finally:
        for one in asked:
            one.cancel()
        await asyncio.gather(*asked, return_exceptions=True)


async def test_a_replica_that_is_frozen_is_asked_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wired_engine, "PATIENCE", 0.1)
    well = ScriptedEngine("echo", SLOW)
    async with wired(tmp_path, well, ScriptedEngine("echo")) as (engine, replicas):
        await replicas.doors[1].close()
        with frozen(replicas.doors[1].path):
            async with stuck(engine, 4) as asked:
                assert [one.done() for one in asked].count(False) == 2
                busy = [engine.generate(prompt("word " * 500)) for _ in range(5)]
                async with asyncio.timeout(5):
                    await asyncio.gather(*(anext(stream) for stream in busy))
                    assert well.running == 5
                    assert (await engine.load()).running == 5
                for stream in busy:
                    await stream.aclose()


async def test_a_frozen_replica_without_others_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wired_engine, "PATIENCE", 0.1)
    engine = WiredEngine(ScriptedEngine("echo").card, Replicas(tmp_path, ScriptedEngine()).find)
    with frozen(tmp_path / "0"):
        async with stuck(engine, 1), stuck(engine, 1) as asked:
            assert not asked[0].done()
    await engine.close()


async def test_a_long_silence_before_an_answer_is_not_taken_for_a_freeze(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wired_engine, "PATIENCE", 0.1)
    async with wired(tmp_path, *(ScriptedEngine("echo", SLOW) for _ in "ab")) as (engine, at):
        long = prompt("word " * 500)
        whole = asyncio.create_task(said(engine.generate(replace(long, whole=True))))
        async with asyncio.timeout(5):
            while not any(one.running for one in at.engines):
                await asyncio.sleep(0.005)
        quiet, talking = sorted(at.engines, key=lambda one: -one.running)
        streams = [engine.generate(long) for _ in "12"]
        for _ in range(10):
            await anext(streams[0])
        assert (quiet.running, talking.running) == (1, 1)
        await anext(streams[1])  # of two that have as much to do, the first is asked
        assert (quiet.running, talking.running) == (2, 1)
        for stream in streams:
            await stream.aclose()
        whole.cancel()
        await asyncio.gather(whole, return_exceptions=True)


async def test_a_door_closes_after_the_answers_that_are_under_way(tmp_path: Path) -> None:
    async with wired(tmp_path, ScriptedEngine("echo", SLOW)) as (engine, replicas):
        stream = engine.generate(prompt("one two three four five"))
        first = await anext(stream)
        closing = asyncio.create_task(replicas.doors[0].close())
        with pytest.raises(EngineUnavailable):
            await said(engine.generate(prompt("too late")))
        assert first.text + await said(stream) == "one two three four five"
        await asyncio.wait_for(closing, 5)


async def test_an_unforeseen_failure_is_an_interruption_without_its_details(tmp_path: Path) -> None:
    broken = ScriptedEngine("echo", Script(fail_after=1, fail_how="raise"))
    async with wired(tmp_path, broken) as (engine, _):
        with pytest.raises(EngineInterrupted, match="stopped before the answer was complete"):
            await said(engine.generate(prompt("one two three")))


async def test_health_load_and_waking_are_asked_at_the_same_door(tmp_path: Path) -> None:
    async with wired(tmp_path, ScriptedEngine("echo")) as (engine, replicas):
        await engine.health()
        assert (await engine.load()).running == 0
        await engine.wake()
        assert replicas.woken == 1


def test_it_works_on_uvloop_which_serve_runs_on(tmp_path: Path) -> None:
    async def ask() -> str:
        async with wired(tmp_path, ScriptedEngine("echo")) as (engine, _):
            return await asyncio.wait_for(said(engine.generate(prompt("one two"))), 10)

    assert uvloop.run(ask()) == "one two"
