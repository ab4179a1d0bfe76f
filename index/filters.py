"""Filters over the attributes of documents, in OpenAI's shape.

    {"type": "eq", "key": "year", "value": 2024}        also ne, gt, gte, lt, lte, in, nin
    {"type": "and", "filters": [...]}                   also or

A comparison of what a document does not have, or of different kinds of values, is false; `ne` and
`nin` are true whenever `eq` and `in` are false.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from index.documents import Attribute, Attributes
from index.errors import InvalidQuery

MOST_DEEP: Final = 8
MOST_PARTS: Final = 100
MOST_VALUES: Final = 1000

_ORDER: Final = ("gt", "gte", "lt", "lte")
_SETS: Final = ("in", "nin")
_COMPARISONS: Final = ("eq", "ne", *_ORDER, *_SETS)
_JOINS: Final = ("and", "or")


@dataclass(frozen=True, slots=True)
class Comparison:
    """`value`: a tuple for `in` and `nin`."""

    type: str
    key: str
    value: Attribute | tuple[Attribute, ...]


@dataclass(frozen=True, slots=True)
class Join:
    type: str
    filters: tuple["Filter", ...]


Filter = Comparison | Join


def parse(raw: object, param: str = "filters") -> Filter:
    """Raises `InvalidQuery` that names the wrong field, `param` being what is parsed."""
    budget = [MOST_PARTS]
    return _parsed(raw, param, MOST_DEEP, budget)


def passes(asked: Filter, attributes: Attributes) -> bool:
    if isinstance(asked, Join):
        every = all if asked.type == "and" else any
        return every(passes(part, attributes) for part in asked.filters)
    if asked.type in ("ne", "nin"):
        return not _is_any(attributes.get(asked.key), asked.value)
    if asked.type in ("eq", "in"):
        return _is_any(attributes.get(asked.key), asked.value)
    return _in_order(asked.type, attributes.get(asked.key), asked.value)


def _parsed(raw: object, where: str, depth: int, budget: list[int]) -> Filter:
    budget[0] -= 1
    if depth == 0 or budget[0] < 0:
        text = f"A filter has at most {MOST_PARTS} parts, {MOST_DEEP} deep."
        raise InvalidQuery(text, where)
    if not isinstance(raw, Mapping):
        raise InvalidQuery("A filter is an object with a 'type'.", where)
    kind = raw.get("type")
    if kind in _JOINS:
        return _join(raw, where, depth, budget)
    if kind in _COMPARISONS:
        return _comparison(raw, where)
    known = ", ".join((*_COMPARISONS, *_JOINS))
    raise InvalidQuery(f"The type of a filter must be one of: {known}.", f"{where}.type")


def _join(raw: Mapping[str, Any], where: str, depth: int, budget: list[int]) -> Join:
    _only(raw, ("type", "filters"), where)
    parts = raw.get("filters")
    if not isinstance(parts, list) or not parts:
        raise InvalidQuery("A list of at least one filter is needed.", f"{where}.filters")
    found = (
        _parsed(part, f"{where}.filters[{place}]", depth - 1, budget)
        for place, part in enumerate(parts)
    )
    return Join(raw["type"], tuple(found))


def _comparison(raw: Mapping[str, Any], where: str) -> Comparison:
    _only(raw, ("type", "key", "value"), where)
    kind, key, value = raw["type"], raw.get("key"), raw.get("value")
    if not isinstance(key, str):
        raise InvalidQuery("The key must be the name of an attribute.", f"{where}.key")
    if kind in _SETS:
        if not isinstance(value, list) or len(value) > MOST_VALUES:
            text = f"'{kind}' needs a list of at most {MOST_VALUES} values."
            raise InvalidQuery(text, f"{where}.value")
        values = (_value(one, f"{where}.value[{place}]") for place, one in enumerate(value))
        return Comparison(kind, key, tuple(values))
    found = _value(value, f"{where}.value")
    if kind in _ORDER and isinstance(found, bool):
        raise InvalidQuery("True and false have no order.", f"{where}.value")
    return Comparison(kind, key, found)


def _value(value: object, where: str) -> Attribute:
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidQuery("The number must be finite.", where)
    if isinstance(value, (str, bool, int, float)):
        return cast("Attribute", value)
    raise InvalidQuery("The value must be a string, a number, true or false.", where)


def _only(raw: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    for name in raw:
        if name not in known:
            raise InvalidQuery(f"Unknown field {name!r} of a filter.", f"{where}.{name}")


def _is_any(have: Attribute | None, wanted: Attribute | tuple[Attribute, ...]) -> bool:
    if isinstance(wanted, tuple):
        return any(_is_any(have, one) for one in wanted)
    # In Python, True == 1.
    return isinstance(have, bool) == isinstance(wanted, bool) and have == wanted


def _in_order(kind: str, have: Attribute | None, wanted: object) -> bool:
    if have is None or isinstance(have, bool) or isinstance(have, str) != isinstance(wanted, str):
        return False
    left, right = cast("float", have), cast("float", wanted)  # both numbers, or both strings
    if kind in ("gt", "gte"):
        return left > right or (kind == "gte" and left == right)
    return left < right or (kind == "lte" and left == right)
