"""What a constraint lets through is always of the shape that the prompt asked for."""

import json
import random
import re
from collections.abc import Callable

import jsonschema
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.engine import Format, Prompt, Tool, ToolChoice
from models.errors import PromptRefused
from models.text.constraint import Constraint, Grammars, Vocabulary
from models.text.grammar import grammar_of

END = 256
# Bytes, an end, a token that is no text, and words, so that tokens span the parts of a grammar.
WORDS = [
    b"<tool_call>",
    b'{"name": "',
    b'": ',
    b", ",
    b"}}",
    b"</tool_call>",
    b"true",
    b"12",
    b"]}",
]
PIECES = [bytes([i]) for i in range(256)] + [b"", b"<|im_start|>", *WORDS]
CONTROL = {END, END + 1}


@pytest.fixture(scope="module")
def grammars() -> Grammars:
    return Grammars(Vocabulary(PIECES, CONTROL, [END], lambda text: list(text)))


def compiled(grammars: Grammars, asked: Prompt) -> Constraint | None:
    return grammars.compile(grammar_of(asked))


CITY = {
    "type": "object",
    "properties": {"city": {"type": "string", "maxLength": 5}},
    "required": ["city"],
    "additionalProperties": False,
}
WEATHER = Tool("get_weather", "", CITY)
CLOCK = Tool("clock", "", {})
TEXT = Format()
JSON = Format("json_object")


def schema(value: dict[str, object]) -> Format:
    return Format("json_schema", value)


def prompt(form: Format = TEXT, *tools: Tool, choice: ToolChoice | None = None) -> Prompt:
    return Prompt("r", "t", "x", format=form, tools=tools, tool_choice=choice or ToolChoice())


def allowed(constraint: Constraint) -> list[int]:
    logits = np.zeros(len(PIECES), np.float32)
    constraint.mask(logits)
    assert set(np.unique(logits)) <= {0.0, -np.inf}
    return [int(token) for token in np.flatnonzero(logits == 0)]


def accepts(constraint: Constraint | None, text: str) -> bool:
    """Whether `text` may be the whole answer."""
    assert constraint is not None
    for byte in text.encode():
        if byte not in allowed(constraint):
            return False
        constraint.accept(byte)
    return END in allowed(constraint)


def walk(constraint: Constraint, pick: Callable[[list[int]], int], limit: int = 400) -> str | None:
    """An answer at random; None when it does not come to an end."""
    said = b""
    for _ in range(limit):
        token = pick(allowed(constraint))
        constraint.accept(token)
        if token == END:
            assert constraint.done
            return said.decode()
        said += PIECES[token]
    return None


def test_a_free_answer_has_no_constraint(grammars: Grammars) -> None:
    assert compiled(grammars, prompt()) is None
    assert compiled(grammars, prompt(TEXT, WEATHER, choice=ToolChoice("none"))) is None
    assert compiled(grammars, prompt(TEXT, choice=ToolChoice("required"))) is None


@pytest.mark.parametrize("answer", ["{}", '{"a": [1, {"b": null}]}'])
def test_json_object_takes_any_object(grammars: Grammars, answer: str) -> None:
    assert accepts(compiled(grammars, prompt(JSON)), answer)


@pytest.mark.parametrize(
    "answer", ["[]", "1", "", '{"a":', "{}{}", "Sure: {}", '{"a":  1}', "{\n}"]
)
def test_json_object_takes_nothing_else_and_no_endless_blanks(grammars, answer: str) -> None:
    assert not accepts(compiled(grammars, prompt(JSON)), answer)


def test_nothing_may_follow_a_finished_object(grammars: Grammars) -> None:
    constraint = compiled(grammars, prompt(JSON))
    assert constraint is not None
    for byte in b"{}":
        assert not constraint.done
        constraint.accept(byte)
    assert allowed(constraint) == [END]


SCHEMAS = {
    "object": CITY,
    "array": {"type": "array", "items": {"enum": ["a", "bc", 1, None]}, "maxItems": 4},
    "number": {"type": "integer", "minimum": -5, "maximum": 120},
    "pattern": {"type": "string", "pattern": "^[a-c]{2,4}$"},
    "union": {"anyOf": [{"type": "boolean"}, CITY, {"const": {"x": [1, 2]}}]},
    "tree": {
        "$ref": "#/$defs/node",
        "$defs": {
            "node": {
                "type": "object",
                "properties": {"left": {"$ref": "#/$defs/node"}, "v": {"type": "boolean"}},
                "required": ["v"],
                "additionalProperties": False,
            }
        },
    },
    "date": {"type": "string", "format": "date"},
}


@pytest.mark.parametrize("value", SCHEMAS.values(), ids=SCHEMAS)
def test_every_answer_is_valid_under_its_schema(grammars: Grammars, value) -> None:
    ended = 0
    for seed in range(20):
        constraint = compiled(grammars, prompt(schema(value)))
        assert constraint is not None
        answer = walk(constraint, random.Random(seed).choice)
        if answer is not None:
            jsonschema.validate(json.loads(answer), value)
            ended += 1
    assert ended > 10


CALL = '<tool_call>{"name": "get_weather", "arguments": {"city": "Oslo"}}</tool_call>'
CLOCK_CALL = '<tool_call>\n{"name": "clock", "arguments": {"zone": 1}}\n</tool_call>'
REQUIRED = ToolChoice("required")


@pytest.mark.parametrize("answer", [CALL, CLOCK_CALL, CALL + "\n" + CLOCK_CALL])
@pytest.mark.parametrize("choice", [REQUIRED, ToolChoice("auto")])
def test_calls_of_any_tool_are_possible(grammars: Grammars, answer: str, choice) -> None:
    assert accepts(compiled(grammars, prompt(TEXT, WEATHER, CLOCK, choice=choice)), answer)


@pytest.mark.parametrize("answer", ["Hello", "", "Hi " + CALL, CALL + " Hi", CALL[:-3]])
def test_required_means_calls_and_nothing_else(grammars: Grammars, answer: str) -> None:
    assert not accepts(compiled(grammars, prompt(TEXT, WEATHER, choice=REQUIRED)), answer)


def test_a_named_tool_is_the_only_one(grammars: Grammars) -> None:
    only = ToolChoice("required", "clock")
    assert accepts(compiled(grammars, prompt(TEXT, WEATHER, CLOCK, choice=only)), CLOCK_CALL)
    assert not accepts(compiled(grammars, prompt(TEXT, WEATHER, CLOCK, choice=only)), CALL)


@pytest.mark.parametrize("mode", ["auto", "required"])
def test_without_parallel_calls_there_is_one(grammars: Grammars, mode) -> None:
    one = ToolChoice(mode, parallel=False)
    assert accepts(compiled(grammars, prompt(TEXT, WEATHER, choice=one)), CALL)
    assert not accepts(compiled(grammars, prompt(TEXT, WEATHER, choice=one)), CALL + CALL)


@pytest.mark.parametrize("answer", ["", "Hello <b>\n", "é" * 50, f"Let me see. {CALL}"])
def test_auto_leaves_text_free_and_enforces_calls(grammars: Grammars, answer: str) -> None:
    assert accepts(compiled(grammars, prompt(TEXT, WEATHER)), answer)


@pytest.mark.parametrize(
    "answer",
    [
        "<tool_call>",
        "text <tool_call>oops",
        CALL.replace("get_weather", "unknown"),
        CALL.replace("Oslo", "far too long"),
        CALL.replace("}}", "}"),
    ],
)
def test_a_begun_call_cannot_go_wrong(grammars: Grammars, answer: str) -> None:
    assert not accepts(compiled(grammars, prompt(TEXT, WEATHER)), answer)


def test_a_format_and_tools_mean_either(grammars: Grammars) -> None:
    for answer, possible in [("{}", True), (CALL, True), ("Hello", False), ("{}" + CALL, False)]:
        assert accepts(compiled(grammars, prompt(JSON, WEATHER)), answer) is possible


def test_no_control_token_is_ever_allowed(grammars: Grammars) -> None:
    for asked in (prompt(JSON), prompt(TEXT, WEATHER), prompt(TEXT, WEATHER, choice=REQUIRED)):
        constraint = compiled(grammars, asked)
        assert constraint is not None
        assert END + 1 not in allowed(constraint)


def test_forced_tokens_are_what_the_mask_allows_one_by_one(grammars: Grammars) -> None:
    constraint = compiled(grammars, prompt(TEXT, WEATHER, choice=REQUIRED))
    assert constraint is not None
    forced = constraint.forced()
    assert b"".join(PIECES[token] for token in forced) == b"<tool_call>"
    for token in forced:
        assert token in allowed(constraint)
        constraint.accept(token)


def test_one_answer_does_not_move_another(grammars: Grammars) -> None:
    first, second = (compiled(grammars, prompt(JSON)) for _ in range(2))
    assert first is not None
    assert second is not None
    first.accept(ord("{"))
    assert ord("}") in allowed(first)
    assert ord("}") not in allowed(second)


def test_a_schema_cannot_change_how_it_is_compiled(grammars: Grammars) -> None:
    sly = {**CITY, "x-guidance": {"whitespace_flexible": True, "lenient": True}}
    assert not accepts(compiled(grammars, prompt(schema(sly))), '{"city":    "Oslo"}')


BAD = {
    "keyword": ({"not": {"type": "string"}}, "invalid_schema"),
    "format": ({"type": "string", "format": "nonsense"}, "invalid_schema"),
    "unsatisfiable": ({"type": "integer", "minimum": 3, "maximum": 2}, "invalid_schema"),
    "type": ({"type": "hiccup"}, "invalid_schema"),
    "backreference": ({"type": "string", "pattern": r"(a)\1"}, "invalid_regex"),
    "lookahead": ({"type": "string", "pattern": "(?=a)b"}, "invalid_regex"),
    "unclosed": ({"type": "string", "pattern": "(("}, "invalid_regex"),
}


@pytest.mark.parametrize(("value", "code"), BAD.values(), ids=BAD)
def test_a_format_that_cannot_be_enforced_is_refused(grammars: Grammars, value, code: str) -> None:
    with pytest.raises(PromptRefused) as refused:
        compiled(grammars, prompt(schema(value)))
    assert (refused.value.param, refused.value.code) == ("response_format", code)
    assert "\n" not in refused.value.message
    assert not re.search(r"json-schema://|0x[0-9a-f]{6}", refused.value.message)


@pytest.mark.parametrize("parameters", [{"type": "string"}, {"properties": {"a": {"type": "?"}}}])
def test_a_bad_tool_is_named(grammars: Grammars, parameters) -> None:
    with pytest.raises(PromptRefused) as refused:
        compiled(grammars, prompt(TEXT, WEATHER, Tool("f", "", parameters)))
    assert refused.value.param == "tools[1].function.parameters"
    assert refused.value.code == "invalid_schema"


def test_words_that_no_grammar_can_enforce_are_let_pass_in_tools(grammars: Grammars) -> None:
    loose = Tool("f", "", {"properties": {"a": {"format": "uri-ish", "not": {}}}})
    assert compiled(grammars, prompt(TEXT, loose)) is not None


@pytest.mark.slow
def test_thousands_of_different_schemas_keep_memory_flat(grammars: Grammars) -> None:
    def resident_mb() -> float:
        with open("/proc/self/statm") as statm:
            return int(statm.read().split()[1]) * 4096 / 1e6

    def compile_many(start: int, count: int) -> None:
        for i in range(start, start + count):
            asked = prompt(
                schema({**CITY, "properties": {f"city{i}": {}}, "required": [f"city{i}"]})
            )
            assert compiled(grammars, asked) is not None

    compile_many(0, 500)
    before = resident_mb()
    compile_many(500, 3_500)
    assert resident_mb() - before < 36


trees = st.recursive(
    st.sampled_from(
        [{"type": "null"}, {"type": "boolean"}, {"enum": [1, "x"]}, {"const": {"k": []}}]
    ),
    lambda inner: (
        st.builds(lambda x: {"type": "array", "items": x, "maxItems": 2}, inner)
        | st.builds(
            lambda x, y: {
                "type": "object",
                "properties": {"a": x, "b": y},
                "required": ["a"],
                "additionalProperties": False,
            },
            inner,
            inner,
        )
        | st.builds(lambda x, y: {"anyOf": [x, y]}, inner, inner)
    ),
    max_leaves=5,
)


@given(value=trees, seed=st.integers(0, 1000))
def test_answers_under_random_schemas_are_valid(grammars: Grammars, value, seed: int) -> None:
    constraint = compiled(grammars, prompt(schema(value)))
    assert constraint is not None
    answer = walk(constraint, random.Random(seed).choice)
    assert answer is not None
    jsonschema.validate(json.loads(answer), value)
