"""Filters mean what they say, and say what is wrong with them."""

import operator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import InvalidQuery
from index.filters import MOST_DEEP, MOST_PARTS, parse, passes

KEYS = st.sampled_from(["year", "team", "draft"])
NUMBERS = st.one_of(st.integers(-5, 5), st.floats(-5, 5))
VALUES = st.one_of(NUMBERS, st.booleans(), st.sampled_from(["a", "b", "1", ""]))
ATTRIBUTES = st.dictionaries(KEYS, VALUES)


def comparison(kind: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"type": st.just(kind), "key": KEYS, "value": values})


COMPARISON = st.one_of(
    comparison("eq", VALUES),
    comparison("ne", VALUES),
    *(comparison(kind, NUMBERS) for kind in ("gt", "gte", "lt", "lte")),
    *(comparison(kind, st.lists(VALUES, max_size=3)) for kind in ("in", "nin")),
)
FILTER = st.recursive(
    COMPARISON,
    lambda inner: st.fixed_dictionaries(
        {"type": st.sampled_from(["and", "or"]), "filters": st.lists(inner, min_size=1, max_size=3)}
    ),
    max_leaves=6,
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["type", "key", "value", "filters", "x"]), inner),
    ),
    max_leaves=12,
)


@given(COMPARISON, ATTRIBUTES)
def test_each_comparison_has_its_opposite(raw: dict[str, Any], attributes: dict[str, Any]) -> None:
    opposite = {"eq": "ne", "ne": "eq", "in": "nin", "nin": "in"}
    if raw["type"] in opposite:
        other = parse(raw | {"type": opposite[raw["type"]]})
        assert passes(parse(raw), attributes) != passes(other, attributes)


@given(st.sampled_from(["gt", "gte", "lt", "lte", "eq", "ne"]), NUMBERS, NUMBERS)
def test_numbers_are_compared_as_numbers(kind: str, have: float, wanted: float) -> None:
    means = {"gte": "ge", "lte": "le"}.get(kind, kind)
    found = passes(parse({"type": kind, "key": "n", "value": wanted}), {"n": have})
    assert found == getattr(operator, means)(have, wanted)


@given(st.lists(FILTER, min_size=1, max_size=3), ATTRIBUTES)
def test_and_needs_all_and_or_needs_any(
    parts: list[dict[str, Any]], attributes: dict[str, Any]
) -> None:
    each = [passes(parse(part), attributes) for part in parts]
    assert passes(parse({"type": "and", "filters": parts}), attributes) == all(each)
    assert passes(parse({"type": "or", "filters": parts}), attributes) == any(each)


@given(comparison("in", st.lists(VALUES, max_size=4)), ATTRIBUTES)
def test_in_is_equal_to_any(raw: dict[str, Any], attributes: dict[str, Any]) -> None:
    each = [parse({"type": "eq", "key": raw["key"], "value": value}) for value in raw["value"]]
    assert passes(parse(raw), attributes) == any(passes(one, attributes) for one in each)


@given(JSON)
def test_anything_else_is_refused_with_the_name_of_a_field(raw: Any) -> None:
    try:
        found = parse(raw)
    except InvalidQuery as exc:
        refused = exc.param
    else:
        assert passes(found, {}) in (True, False)
        refused = "filters"
    assert refused is not None
    assert refused.startswith("filters")


@pytest.mark.parametrize(
    ("raw", "param"),
    [
        (None, "filters"),
        ([], "filters"),
        ({}, "filters.type"),
        ({"type": ["eq"], "key": "a", "value": 1}, "filters.type"),
        ({"type": "like", "key": "a", "value": 1}, "filters.type"),
        ({"type": "eq", "value": 1}, "filters.key"),
        ({"type": "eq", "key": "a"}, "filters.value"),
        ({"type": "eq", "key": "a", "value": [1]}, "filters.value"),
        ({"type": "eq", "key": "a", "value": float("nan")}, "filters.value"),
        ({"type": "gt", "key": "a", "value": True}, "filters.value"),
        ({"type": "in", "key": "a", "value": 1}, "filters.value"),
        ({"type": "in", "key": "a", "value": [1, {}]}, "filters.value[1]"),
        ({"type": "eq", "key": "a", "value": 1, "x": 1}, "filters.x"),
        ({"type": "and", "filters": []}, "filters.filters"),
        ({"type": "or", "filters": [{"type": "eq"}]}, "filters.filters[0].key"),
    ],
)
def test_what_is_wrong_is_named(raw: Any, param: str) -> None:
    with pytest.raises(InvalidQuery) as refused:
        parse(raw)
    assert refused.value.param == param


def test_true_is_not_one() -> None:
    assert not passes(parse({"type": "eq", "key": "a", "value": 1}), {"a": True})
    assert not passes(parse({"type": "in", "key": "a", "value": [1]}), {"a": True})
    assert passes(parse({"type": "eq", "key": "a", "value": 1}), {"a": 1.0})


def test_strings_and_numbers_have_no_order_between_them() -> None:
    assert not passes(parse({"type": "lt", "key": "a", "value": 5}), {"a": "4"})
    assert passes(parse({"type": "lt", "key": "a", "value": "b"}), {"a": "a"})


def test_what_is_not_there_passes_only_what_denies() -> None:
    for kind, value, found in (("eq", 1, False), ("gt", 1, False), ("ne", 1, True)):
        assert passes(parse({"type": kind, "key": "a", "value": value}), {}) == found
    assert passes(parse({"type": "nin", "key": "a", "value": [1]}), {})


def test_depth_and_size_are_limited() -> None:
    leaf: dict[str, Any] = {"type": "eq", "key": "a", "value": 1}
    deep = leaf
    for _ in range(100_000):
        deep = {"type": "and", "filters": [deep]}
    with pytest.raises(InvalidQuery, match=f"{MOST_DEEP} deep"):
        parse(deep)
    with pytest.raises(InvalidQuery, match=f"{MOST_PARTS} parts"):
        parse({"type": "or", "filters": [leaf] * MOST_PARTS})
    while "filters" in deep:  # else taking it apart is too deep for the interpreter
        deep = deep["filters"].pop()
