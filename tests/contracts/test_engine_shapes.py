"""Answers in a shape: tools, JSON and schemas mean the same on every engine."""

import asyncio
import json
from dataclasses import replace

import jsonschema
import pytest

from models.engine import Engine, Format, Prompt, Tool, ToolChoice
from models.errors import PromptRefused
from tests.contracts.engines import answer, ask, chunks_of

pytestmark = pytest.mark.asyncio(loop_scope="session")

# Tools


WEATHER = Tool(
    "get_weather",
    "The weather in a city.",
    {
        "type": "object",
        "properties": {"city": {"type": "string", "maxLength": 20}},
        "additionalProperties": False,
    },
)
CLOCK = Tool("clock", "The time.", {"type": "object", "additionalProperties": False})


def with_tools(choice: ToolChoice, text: str = "What is the weather in Oslo?") -> Prompt:
    return replace(ask(text, max_tokens=120), tools=(WEATHER, CLOCK), tool_choice=choice)


@pytest.mark.parametrize("name", ["get_weather", "clock"])
async def test_a_named_tool_is_called(engine: Engine, name: str) -> None:
    got = await answer(engine, with_tools(ToolChoice("required", name, parallel=False)))
    assert (got.text, got.finish_reason) == ("", "tool_calls")
    [call] = got.calls
    assert call.name == name
    assert call.id
    parameters = {tool.name: tool.parameters for tool in (WEATHER, CLOCK)}[name]
    jsonschema.validate(json.loads(call.arguments), parameters)


async def test_required_means_some_tool_is_called(engine: Engine) -> None:
    got = await answer(engine, with_tools(ToolChoice("required", parallel=False)))
    assert got.finish_reason == "tool_calls"
    assert {call.name for call in got.calls} <= {"get_weather", "clock"}


async def test_none_means_no_tool_is_called(engine: Engine) -> None:
    got = await answer(engine, with_tools(ToolChoice("none")))
    assert (got.calls, bool(got.text)) == ((), True)


async def test_auto_answers_in_text_or_calls(engine: Engine) -> None:
    got = await answer(engine, with_tools(ToolChoice("auto"), "Say hello."))
    assert got.text or got.calls
    if got.finish_reason == "tool_calls":
        assert got.calls


async def test_the_pieces_of_a_call_begin_with_its_name(engine: Engine) -> None:
    chunks = await chunks_of(engine, with_tools(ToolChoice("required", parallel=False)))
    pieces = [piece for chunk in chunks for piece in chunk.calls]
    assert pieces[0].name
    assert not any(piece.name or piece.id for piece in pieces[1:])


# JSON


async def test_a_json_object_is_one(engine: Engine) -> None:
    prompt = replace(ask("Describe a cat as JSON.", max_tokens=200), format=Format("json_object"))
    got = await answer(engine, prompt)
    if got.finish_reason == "stop":
        assert isinstance(json.loads(got.text), dict)
    else:
        assert got.text.startswith("{")


SCHEMAS = {
    "person": {
        "type": "object",
        "properties": {
            "name": {"type": "string", "maxLength": 12},
            "age": {"type": "integer", "minimum": 0, "maximum": 150},
            "mood": {"enum": ["good", "bad"]},
        },
        "required": ["name", "age", "mood"],
        "additionalProperties": False,
    },
    "list": {"type": "array", "items": {"type": "boolean"}, "minItems": 2, "maxItems": 3},
    "pattern": {"type": "string", "pattern": "^[a-f]{4}$"},
}


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
@pytest.mark.parametrize("greedy", [True, False])
async def test_an_answer_is_valid_under_its_schema(real: Engine, schema, greedy: bool) -> None:
    prompt = ask("Make something up.", greedy=greedy, max_tokens=150, seed=3)
    got = await answer(real, replace(prompt, format=Format("json_schema", schema)))
    assert got.finish_reason == "stop"
    jsonschema.validate(json.loads(got.text), schema)


async def test_a_schema_that_cannot_be_enforced_is_refused(real: Engine) -> None:
    prompt = replace(ask(), format=Format("json_schema", {"type": "hiccup"}))
    with pytest.raises(PromptRefused) as refused:
        await answer(real, prompt)
    assert (refused.value.param, refused.value.code) == ("response_format", "invalid_schema")


async def test_constrained_and_free_answers_run_side_by_side(real: Engine) -> None:
    free = ask()
    bound = replace(ask(max_tokens=60), format=Format("json_schema", SCHEMAS["list"]))
    alone = [await answer(real, p) for p in (free, bound)]
    together = await asyncio.gather(*(answer(real, p) for p in (free, bound) * 4))
    assert [got.text for got in together] == [got.text for got in alone] * 4
