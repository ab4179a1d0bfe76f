"""A model comes, sleeps, wakes and fails, and its process says which."""

import asyncio
import threading
from dataclasses import replace

import pytest

from models.engine import Chunk, Engine, Message, ModelCard, Prompt, merge
from models.errors import EngineNotLoaded, EngineUnavailable, GenerationTimeout, ModelRefused
from models.residence import Resident, refused
from models.scripted import Script, ScriptedEngine

CARD = ModelCard("large", "scripted", 64, 0, "r")
LIMIT = 5.0  # seconds that anything here may take


class Workshop:
    """Builds engines when it is allowed to, and keeps those it built."""

    def __init__(self, *, open_at_once: bool = True, failure: Exception | None = None) -> None:
        self.gate = threading.Event()
        self.failure = failure
        self.built: list[ScriptedEngine] = []
        if open_at_once:
            self.gate.set()

    def __call__(self) -> Engine:
        self.gate.wait(LIMIT)
        if self.failure:
            raise self.failure
        self.built.append(ScriptedEngine(script=Script(context_length=64)))
        return self.built[-1]


def prompt(timeout: float | None = LIMIT) -> Prompt:
    return Prompt("r", "t", (Message("user", "one two"),), timeout=timeout)


async def answer(engine: Engine, asked: Prompt | None = None) -> Chunk:
    return merge([chunk async for chunk in engine.generate(asked or prompt())])


async def state(engine: Engine) -> str:
    try:
        await engine.load()
    except EngineNotLoaded as exc:
        return exc.state
    return "ready"


async def until(engine: Engine, wanted: str) -> None:
    async with asyncio.timeout(LIMIT):
        while await state(engine) != wanted:
            await asyncio.sleep(0.005)


async def test_one_whose_model_is_refused_says_why() -> None:
    engine = refused(CARD, ModelRefused("The model file is damaged."))
    await until(engine, "failed")
    for ask in (engine.load(), engine.health(), answer(engine)):
        with pytest.raises(EngineNotLoaded, match="is damaged"):
            await ask
    assert engine.card == CARD


async def test_it_says_that_it_loads_and_answers_once_it_has() -> None:
    workshop = Workshop(open_at_once=False)
    engine = Resident(CARD, workshop)
    assert await state(engine) == "loading"
    with pytest.raises(EngineNotLoaded) as loading:
        await engine.health()
    assert loading.value.retry_after > 1
    waiting = asyncio.create_task(answer(engine))
    await asyncio.sleep(0)
    workshop.gate.set()
    assert (await waiting).text == "one two"
    await engine.health()
    assert await state(engine) == "ready"


async def test_its_card_is_the_one_it_was_given_until_the_model_has_one() -> None:
    workshop = Workshop(open_at_once=False)
    engine = Resident(CARD, workshop)
    assert engine.card == CARD
    workshop.gate.set()
    await until(engine, "ready")
    assert engine.card == workshop.built[0].card


async def test_a_request_waits_for_the_model_only_until_its_deadline() -> None:
    workshop = Workshop(open_at_once=False)
    engine = Resident(CARD, workshop)
    with pytest.raises(GenerationTimeout):
        await answer(engine, prompt(timeout=0.01))
    workshop.gate.set()
    assert (await answer(engine)).text == "one two"
    assert len(workshop.built) == 1


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (ModelRefused("vLLM is not installed here."), "vLLM is not installed here."),
        (RuntimeError("0x7f00 /secret"), "It failed while it was loading."),
    ],
)
async def test_a_model_that_cannot_be_loaded_says_why_and_nothing_of_the_inside(
    failure: Exception, words: str
) -> None:
    engine = Resident(CARD, Workshop(failure=failure))
    await until(engine, "failed")
    for ask in (engine.load, engine.health, lambda: answer(engine)):
        with pytest.raises(EngineNotLoaded) as failed:
            await ask()
        assert (failed.value.message, failed.value.state) == (words, "failed")


async def test_it_sleeps_when_nobody_asks_and_a_request_wakes_it() -> None:
    workshop = Workshop()
    engine = Resident(CARD, workshop, idle=0.0)
    await until(engine, "asleep")
    with pytest.raises(EngineUnavailable):
        await workshop.built[0].health()
    assert (await answer(engine)).text == "one two"
    assert len(workshop.built) == 2


async def test_wake_loads_it_without_a_request() -> None:
    workshop = Workshop()
    engine = Resident(CARD, workshop, idle=60)
    await until(engine, "ready")
    engine._idle = 0.0
    await until(engine, "asleep")
    engine._idle = 60.0
    engine.wake()
    await until(engine, "ready")
    assert len(workshop.built) == 2


async def test_it_does_not_sleep_while_it_answers() -> None:
    workshop = Workshop()
    engine = Resident(CARD, workshop, idle=0.0)
    stream = engine.generate(prompt())
    await anext(stream)
    assert await state(engine) == "ready"
    await stream.aclose()
    await until(engine, "asleep")


async def test_closing_it_closes_the_model() -> None:
    workshop = Workshop()
    engine = Resident(CARD, workshop)
    await until(engine, "ready")
    await engine.close()
    with pytest.raises(EngineUnavailable):
        await workshop.built[0].health()


async def test_who_has_somebody_else_to_ask_does_not_wait_for_the_model() -> None:
    workshop = Workshop(open_at_once=False)
    engine = Resident(CARD, workshop)
    with pytest.raises(EngineNotLoaded):
        await answer(engine, replace(prompt(), patient=False))
    workshop.gate.set()
    await until(engine, "ready")
    assert (await answer(engine, replace(prompt(), patient=False))).text == "one two"
