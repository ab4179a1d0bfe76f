"""An engine that says nothing is asked whether it is there."""

import asyncio
import time

import pytest

from models.engine import Chunk, Message, Prompt
from models.errors import EngineInterrupted, EngineNotLoaded, EngineUnavailable, GenerationTimeout
from models.scripted import Script, ScriptedEngine
from serve.generation import attended as module
from serve.generation.attended import attended

LONG = 60.0


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SILENCE", "HASTE", "ANSWER"):
        monkeypatch.setattr(module, name, 0.05)


def prompt(timeout: float = LONG, *, patient: bool = False) -> Prompt:
    return Prompt("r", "t", (Message("user", "a b c"),), timeout=timeout, patient=patient)


def hanging(after: int, noticed: float = 0.0) -> ScriptedEngine:
    return ScriptedEngine(script=Script(fail_after=after, fail_how="hang", stuck_after=noticed))


async def all_of(engine: ScriptedEngine, asked: Prompt, recovery: float = LONG) -> list[Chunk]:
    async with asyncio.timeout(10):
        return [chunk async for chunk in attended(engine, asked, recovery)]


async def test_an_answer_passes_as_it_is() -> None:
    assert "".join(c.text for c in await all_of(ScriptedEngine(), prompt())) == "a b c"


async def test_an_engine_that_is_well_may_be_silent() -> None:
    engine = ScriptedEngine(script=Script(first_token_delay=0.3, token_delay=0.2))
    assert len(await all_of(engine, prompt())) == 3


async def test_one_that_is_stuck_before_it_began_is_unavailable() -> None:
    engine = hanging(0)
    with pytest.raises(EngineUnavailable):
        await all_of(engine, prompt())
    assert engine.running == 0


async def test_one_that_gets_stuck_in_an_answer_interrupts_it() -> None:
    engine = hanging(2)
    stream = attended(engine, prompt(), LONG)
    assert [(await anext(stream)).text for _ in range(2)] == ["a", " b"]
    with pytest.raises(EngineInterrupted):
        await anext(stream)
    assert engine.running == 0


async def test_one_whose_health_does_not_answer_either_is_given_up() -> None:
    class Frozen(ScriptedEngine):
        async def health(self) -> None:
            if self.running:
                await asyncio.Event().wait()

    engine = Frozen(script=Script(fail_after=0, fail_how="hang"))
    with pytest.raises(EngineUnavailable):
        await all_of(engine, prompt())
    assert engine.running == 0


async def test_a_deadline_ends_what_no_engine_ends() -> None:
    engine = hanging(1, noticed=LONG)
    with pytest.raises(GenerationTimeout):
        await all_of(engine, prompt(timeout=0.2))
    assert engine.running == 0


async def test_who_is_patient_gives_an_engine_the_time_to_be_replaced() -> None:
    began = time.monotonic()
    with pytest.raises(EngineUnavailable):
        await all_of(hanging(0), prompt(patient=True), recovery=0.5)
    assert time.monotonic() - began >= 0.5


async def test_a_model_that_is_not_there_is_said_to_be_so() -> None:
    class Asleep(ScriptedEngine):
        async def health(self) -> None:
            if self.running:
                raise EngineNotLoaded("It sleeps.", 1.0, "asleep")

    with pytest.raises(EngineNotLoaded):
        await all_of(Asleep(script=Script(fail_after=0, fail_how="hang")), prompt())


async def test_a_reader_that_takes_its_time_is_no_silence() -> None:
    stream = attended(ScriptedEngine(), prompt(), LONG)
    await anext(stream)
    await asyncio.sleep(0.2)  # several periods, outside the stream
    assert [chunk.text async for chunk in stream] == [" b", " c"]


async def test_leaving_early_leaves_nothing_behind() -> None:
    engine = hanging(1)
    stream = attended(engine, prompt(), LONG)
    await anext(stream)
    await stream.aclose()
    assert engine.running == 0
    assert asyncio.all_tasks() == {asyncio.current_task()}
