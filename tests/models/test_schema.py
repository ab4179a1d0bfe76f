"""Schemas that would cost the engine dearly, or can never be satisfied, are refused by name."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import PromptRefused
from models.schema import check_schema


def nested(depth: int) -> dict[str, object]:
    schema: dict[str, object] = {"type": "string"}
    for _ in range(depth):
        schema = {"type": "array", "items": schema}
    return schema


def defs(**schemas: object) -> dict[str, object]:
    return {"$ref": "#/$defs/a", "$defs": schemas}


OPTIONAL_SELF = {"type": "object", "properties": {"next": {"$ref": "#/$defs/a"}}}
LEAF = {"type": "integer"}

GOOD = {
    "empty": {},
    "plain": {"type": "object", "properties": {"a": {"type": ["string", "null"]}}},
    "a property named like a keyword": {"properties": {"pattern": {"type": "string"}, "$ref": {}}},
    "booleans as schemas": {"items": True, "additionalProperties": False},
    "tree": defs(a=OPTIONAL_SELF),
    "list": defs(a={"anyOf": [{"type": "null"}, {"items": {"$ref": "#/$defs/a"}}]}),
    "whole as its own child": {"properties": {"child": {"$ref": "#"}}},
    "escaped pointer": {"$ref": "#/$defs/a~1b", "$defs": {"a/b": LEAF}},
    "mutual": defs(
        a={"properties": {"b": {"$ref": "#/$defs/b"}}, "required": ["b"]}, b=OPTIONAL_SELF
    ),
    "slug": {"pattern": "^[a-z0-9]+(-[a-z0-9]+)*$"},
    "uuid": {"pattern": "^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$"},
    "hash": {"pattern": "^[0-9a-f]{64}$"},
    "decimals": {"properties": {"a": {"multipleOf": 0.01}, "b": {"multipleOf": 25}}},
    "deep enough": nested(30),
}


@pytest.mark.parametrize("schema", GOOD.values(), ids=GOOD)
def test_a_sound_schema_passes(schema) -> None:
    check_schema(schema, "response_format")


INVALID = {
    "type unknown": {"type": "hiccup"},
    "type no name": {"type": 123},
    "type in a list": {"type": ["string", ["null"]]},
    "schema is a number": {"properties": {"a": 123}},
    "properties is a list": {"properties": []},
    "anyOf is an object": {"anyOf": {}},
    "minItems is a text": {"minItems": "1"},
    "minItems is negative": {"minItems": -1},
    "multipleOf is zero": {"multipleOf": 0},
    "pattern is a number": {"pattern": 5},
    "remote reference": {"$ref": "https://example.com/schema.json"},
    "file reference": {"$ref": "file:///etc/passwd"},
    "reference to a name": {"$ref": "#a"},
    "reference to nothing": {"$ref": "#/$defs/missing"},
    "reference is no text": {"$ref": ["#"]},
    "reference to itself": {"$ref": "#"},
    "references in a circle": defs(a={"$ref": "#/$defs/b"}, b={"$ref": "#/$defs/a"}),
    "only choice is itself": defs(a={"anyOf": [{"$ref": "#/$defs/a"}]}),
    "must contain itself": defs(a={**OPTIONAL_SELF, "required": ["next"]}),
    "all of itself": defs(a={"allOf": [LEAF, {"$ref": "#/$defs/a"}]}),
    "endless array": defs(a={"minItems": 1, "items": {"$ref": "#/$defs/a"}}),
    "endless where it is optional": {"properties": {"x": {"$ref": "#/properties/x"}}},
}
TOO_COMPLEX = {
    "deep": nested(40),
    "deep behind a reference": {"$ref": "#/hidden", "hidden": nested(40)},
    "many properties": {"properties": {f"p{i}": LEAF for i in range(300)}},
    "long": {"description": "x" * 70_000},
    "many choices": {"enum": list(range(100_000))},
    "choices spread out": {"properties": {f"p{i}": {"enum": list(range(300))} for i in range(5)}},
    "long choice": {"enum": ["a" * 5000]},
    "long constant": {"const": "a" * 5000},
    "long name": {"properties": {"a" * 5000: {}}},
    "many items": {"minItems": 10**9},
    "many items behind a reference": {"$ref": "#/hidden", "hidden": {"maxItems": 10**6}},
    "large multiple": {"multipleOf": 999_983},
    "multiples that multiply": {"allOf": [{"multipleOf": n} for n in (97, 89, 83)]},
}
BAD_PATTERNS = {
    "long": "a" * 100_000,
    "repeated repetition": "(a+)+b",
    "repeated class": "([a-z]*)*",
    "non-capturing": r"(?:\w+){2,}",
    "nested counts": "((a{1000}){1000}){1000}",
    "long literal many times": "(" + "a" * 500 + "){900}",
}


def refusal(schema) -> PromptRefused:
    with pytest.raises(PromptRefused) as refused:
        check_schema(schema, "response_format")
    assert refused.value.param == "response_format"
    assert refused.value.message.startswith("Invalid schema for response_format: ")
    assert len(refused.value.message) < 300
    return refused.value


@pytest.mark.parametrize("schema", INVALID.values(), ids=INVALID)
def test_an_unsound_schema_is_refused(schema) -> None:
    assert refusal(schema).code == "invalid_schema"


@pytest.mark.parametrize("schema", TOO_COMPLEX.values(), ids=TOO_COMPLEX)
def test_a_schema_that_costs_too_much_is_refused(schema) -> None:
    assert refusal(schema).code == "schema_too_complex"


@pytest.mark.parametrize("pattern", BAD_PATTERNS.values(), ids=BAD_PATTERNS)
@pytest.mark.parametrize("place", ["pattern", "patternProperties"])
def test_a_pattern_that_costs_too_much_is_refused(pattern: str, place: str) -> None:
    schema = {"pattern": pattern} if place == "pattern" else {"patternProperties": {pattern: {}}}
    if place == "pattern" or len(pattern) <= 1000:
        assert refusal(schema).code == "invalid_regex"
    else:
        assert refusal(schema).code == "schema_too_complex"


KEYWORDS = ["type", "properties", "items", "anyOf", "allOf", "$ref", "$defs", "enum", "const"]
KEYWORDS += ["required", "minItems", "pattern", "patternProperties", "multipleOf", "prefixItems"]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["#", "#/$defs/a", "string", "("]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*KEYWORDS, "a"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(schema=st.dictionaries(st.sampled_from(KEYWORDS), json_values))
def test_any_json_object_passes_or_is_refused(schema) -> None:
    with contextlib.suppress(PromptRefused):
        check_schema(schema, "response_format")
