"""What is particular to the scripted engine; the rest is in the contract suite."""

import asyncio
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.engine import Chunk, Format, Message, Prompt, Sampling, Tool, ToolChoice, merge
from models.errors import EngineInterrupted, EngineUnavailable, GenerationTimeout
from models.scripted import Script, ScriptedEngine


def says(*turns: str, **sampling: object) -> Prompt:
    messages = tuple(Message("user", turn) for turn in turns)
    return Prompt("r", "t", messages, Sampling(**sampling))


async def answer(engine: ScriptedEngine, prompt: Prompt) -> Chunk:
    return merge([chunk async for chunk in engine.generate(prompt)])


async def test_without_a_script_the_last_turn_comes_back_word_by_word() -> None:
    chunks = [c async for c in ScriptedEngine().generate(says("first", "two  words\n"))]
    assert [c.text for c in chunks] == ["two", "  words", "\n"]


@given(text=st.text(alphabet="ab \n\t", min_size=1))
async def test_every_text_comes_back_as_it_was(text: str) -> None:
    assert (await answer(ScriptedEngine(), says(text))).text == text


async def test_raw_texts_and_token_ids_come_back_too() -> None:
    for given_input, expected in [("a b", "a b"), ((1, 22), "1 22"), ("", ""), ((), "")]:
        got = await answer(ScriptedEngine(), replace(says(), input=given_input))
        assert got.text == expected


async def test_a_script_is_followed() -> None:
    engine = ScriptedEngine(script=Script(words=("a", "b c", "d")))
    assert [c.text async for c in engine.generate(says("?"))] == ["a", "b c", "d"]


words = st.lists(st.text(alphabet="ab ", min_size=1, max_size=3), min_size=1, max_size=6)
stops = st.lists(st.text(alphabet="ab ", min_size=1, max_size=2), min_size=1, max_size=2)


@given(words=words, stop=stops)
async def test_everything_before_the_first_stop_string_is_said(words, stop) -> None:
    got = await answer(ScriptedEngine(script=Script(tuple(words))), says("?", stop=tuple(stop)))
    text = "".join(words)
    ends = [at for at in map(text.find, stop) if at >= 0]
    assert got.text == text[: min(ends, default=len(text))]


async def test_it_fails_as_often_as_told_and_after_what_it_was_told_to_say() -> None:
    engine = ScriptedEngine(script=Script(words=("a", "b", "c"), fail_after=2, fail_times=1))
    stream = engine.generate(says("?"))
    assert [(await anext(stream)).text for _ in range(2)] == ["a", "b"]
    with pytest.raises(EngineInterrupted):
        await anext(stream)
    assert (await answer(engine, says("?"))).text == "abc"
    assert engine.running == 0


async def test_a_deadline_is_kept_without_disturbing_whoever_reads() -> None:
    engine = ScriptedEngine(script=Script(words=("a", "b"), token_delay=60))
    stream = engine.generate(replace(says("?"), timeout=0.05))
    assert (await anext(stream)).text == "a"
    await asyncio.sleep(0.1)  # past the deadline, outside the engine
    with pytest.raises(GenerationTimeout):
        await anext(stream)


async def test_closing_it_ends_running_answers_and_refuses_new_ones() -> None:
    engine = ScriptedEngine(script=Script(words=("a", "b")))
    stream = engine.generate(says("?"))
    await anext(stream)
    await engine.close()
    with pytest.raises(EngineInterrupted):
        await anext(stream)
    with pytest.raises(EngineUnavailable):
        await answer(engine, says("?"))


async def test_a_json_object_holds_the_answer() -> None:
    got = await answer(ScriptedEngine(), replace(says("two words"), format=Format("json_object")))
    assert json.loads(got.text) == {"answer": "two words"}


async def test_a_call_in_the_script_is_a_call() -> None:
    call = '<tool_call>{"name": "f", "arguments": {"a": 1}}</tool_call>'
    engine = ScriptedEngine(script=Script(words=("Well. ", call)))
    for mode, calls in [("auto", 1), ("none", 0)]:
        prompt = replace(says("?"), tools=(Tool("f", "", {}),), tool_choice=ToolChoice(mode))
        assert len((await answer(engine, prompt)).calls) == calls


async def test_what_it_was_asked_can_be_looked_at() -> None:
    engine = ScriptedEngine()
    prompt = says("hello")
    await answer(engine, prompt)
    assert engine.prompts == [prompt]


async def test_once_it_hangs_nobody_gets_anything_until_it_notices() -> None:
    script = Script(words=("a", "b"), fail_after=1, fail_how="hang", stuck_after=0.1)
    engine = ScriptedEngine(script=script)
    stream = engine.generate(says("?"))
    assert (await anext(stream)).text == "a"
    waiting = [asyncio.create_task(anext(s)) for s in (stream, engine.generate(says("?")))]
    await asyncio.wait(waiting, timeout=0.05)
    assert not any(task.done() for task in waiting)
    await engine.health()
    await asyncio.sleep(0.1)
    for ask in (engine.health, engine.load):
        with pytest.raises(EngineUnavailable):
            await ask()
    await engine.close()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(result) for result in results} == {EngineInterrupted}


async def test_it_can_raise_what_no_engine_should() -> None:
    with pytest.raises(RuntimeError):
        await answer(ScriptedEngine(script=Script(fail_after=0, fail_how="raise")), says("?"))
