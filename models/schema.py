"""Which JSON schemas an answer can be forced into: well formed, small, and with an end.

The same on every engine. The limits keep out what was measured to cost a grammar compiler seconds
or gigabytes: huge repetitions, multiples and enumerations. What a particular compiler cannot
express beyond that, it refuses itself.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Final
from urllib.parse import unquote

from models.engine import JsonSchema
from models.errors import PromptRefused

MAX_BYTES: Final = 64 << 10
MAX_DEPTH: Final = 32
MAX_CHOICES: Final = 1000
MAX_TEXT: Final = 1000
MAX_ITEMS: Final = 1000
MAX_NAMES: Final = 256
MAX_MULTIPLE: Final = 10_000
MAX_PATTERN_WORK: Final = 10_000

_TYPES: Final = {"null", "boolean", "integer", "number", "string", "array", "object"}
_NAMED: Final = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
_LISTED: Final = ("allOf", "anyOf", "oneOf", "prefixItems")
_SINGLE: Final = ("items", "additionalProperties", "contains", "not", "if", "then", "else")
_COUNTS: Final = ("minItems", "maxItems", "minProperties", "maxProperties")

_REPEATED_REPETITION: Final = re.compile(r"\((?:\?:)?(?:\\.|\[[^\]]*\]|[^()\[\]\\])[*+]\)[*+{]")
_REPEATED: Final = re.compile(r"(\)?)\{(\d+)")

Node = Mapping[str, object]


class _Refused(Exception):
    """(message, OpenAI's word for it); where the schema came from is known further out."""


def check_schema(schema: JsonSchema, param: str) -> None:
    """Raises `PromptRefused` naming `param`, with the code `invalid_schema`, `invalid_regex` or
    `schema_too_complex`."""
    try:
        nodes = list(_nodes(schema))
        for node in nodes:
            _check_type(node)
            _check_counts(node)
            _check_patterns(node)
        _check_choices(nodes)
        _check_multiples(nodes)
        if len(json.dumps(schema)) > MAX_BYTES:
            raise _too_complex(f"it is longer than {MAX_BYTES} bytes")
        _check_ends(schema, {str(node["$ref"]) for node in nodes if "$ref" in node})
    except _Refused as refused:
        message, code = refused.args
        raise PromptRefused(f"Invalid schema for {param}: {message}.", param, code) from None


def _invalid(message: str) -> _Refused:
    return _Refused(message, "invalid_schema")


def _too_complex(message: str) -> _Refused:
    return _Refused(message, "schema_too_complex")


def _nodes(root: JsonSchema) -> Iterator[Node]:
    """Every schema in `root`, and every one that a reference leads to, each once."""
    followed: set[str] = set()
    waiting: list[tuple[object, int]] = [(root, 0)]
    while waiting:
        node, depth = waiting.pop()
        if isinstance(node, bool):
            continue
        if not isinstance(node, Mapping):
            raise _invalid("a schema must be an object or a boolean")
        if depth > MAX_DEPTH:
            raise _too_complex(f"it is nested more than {MAX_DEPTH} deep")
        yield node
        waiting += [(child, depth + 1) for child in _children(node)]
        if "$ref" in node and str(node["$ref"]) not in followed:
            waiting.append((_target(root, node["$ref"]), 0))
            followed.add(str(node["$ref"]))


def _children(node: Node) -> Iterator[object]:
    for key in _NAMED:
        named = node.get(key, {})
        if not isinstance(named, Mapping):
            raise _invalid(f"{key} must be an object")
        if len(named) > MAX_NAMES:
            raise _too_complex(f"{key} has more than {MAX_NAMES} names")
        if any(len(name) > MAX_TEXT for name in named):
            raise _too_complex(f"a name in {key} is longer than {MAX_TEXT} characters")
        yield from named.values()
    for key in _LISTED:
        listed = node.get(key, [])
        if not isinstance(listed, list | tuple):
            raise _invalid(f"{key} must be an array")
        yield from listed
    yield from (node[key] for key in _SINGLE if key in node)


def _target(root: JsonSchema, reference: object) -> object:
    """What a JSON pointer (RFC 6901) in `root` leads to; nothing is ever fetched."""
    if not isinstance(reference, str) or not re.match(r"#(/|$)", reference):
        raise _invalid("a $ref must be a pointer into the schema itself, as in #/$defs/name")
    target: object = root
    for step in unquote(reference).split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if not isinstance(target, Mapping) or name not in target:
            raise _invalid(f"$ref {reference[:100]} leads nowhere")
        target = target[name]
    return target


def _check_type(node: Node) -> None:
    names = node.get("type", [])
    names = names if isinstance(names, list | tuple) else [names]
    if not all(isinstance(name, str) and name in _TYPES for name in names):
        raise _invalid(f"type must be one or more of {', '.join(sorted(_TYPES))}")


def _check_counts(node: Node) -> None:
    for key in _COUNTS:
        count = node.get(key, 0)
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            raise _invalid(f"{key} must be a non-negative integer")
        if count > MAX_ITEMS:
            raise _too_complex(f"{key} is more than {MAX_ITEMS}")


def _check_patterns(node: Node) -> None:
    patterns = [
        *_mapping(node, "patternProperties"),
        *([node["pattern"]] if "pattern" in node else []),
    ]
    for pattern in patterns:
        if not isinstance(pattern, str):
            raise _invalid("pattern must be a string")
        if problem := _pattern_problem(pattern):
            raise _Refused(f"the pattern {problem}", "invalid_regex")


def _pattern_problem(pattern: str) -> str | None:
    """`(a+)+` says no more than `a+`, and takes engines that backtrack exponential time."""
    if len(pattern) > MAX_TEXT:
        return f"is longer than {MAX_TEXT} characters"
    if _REPEATED_REPETITION.search(pattern):
        return "repeats a repetition, as in (a+)+"
    groups, single = 1, 1
    for group, least in _REPEATED.findall(pattern):
        groups *= max(1, int(least)) if group else 1
        single = max(single, 1 if group else int(least))
    too_long = groups * single * len(pattern) > MAX_PATTERN_WORK
    return "repeats too much" if too_long else None


def _check_choices(nodes: list[Node]) -> None:
    values = [v for node in nodes for v in _sequence(node, "enum")]
    values += [node["const"] for node in nodes if "const" in node]
    if len(values) > MAX_CHOICES:
        raise _too_complex(f"it has more than {MAX_CHOICES} enum values")
    if any(len(json.dumps(value)) > MAX_TEXT for value in values):
        raise _too_complex(f"an enum value is longer than {MAX_TEXT} characters")


def _check_multiples(nodes: list[Node]) -> None:
    """Multiples of several numbers at once are multiples of their least common multiple."""
    factors = [node["multipleOf"] for node in nodes if "multipleOf" in node]
    numbers = [
        f for f in factors if isinstance(f, int | float) and not isinstance(f, bool) and f > 0
    ]
    if len(numbers) != len(factors):
        raise _invalid("multipleOf must be a positive number")
    if math.lcm(*(Fraction(str(number)).numerator for number in numbers)) > MAX_MULTIPLE:
        raise _too_complex(f"multipleOf amounts to more than {MAX_MULTIPLE}")


def _check_ends(root: JsonSchema, references: set[str]) -> None:
    """A value may nest without end only where it need not: the least fixed point of "is finite"."""
    finite: set[str] = set()
    while more := {r for r in references - finite if _is_finite(_target(root, r), finite)}:
        finite |= more
    if endless := references - finite:
        raise _invalid(f"$ref {min(endless)[:100]} never ends")


def _is_finite(node: object, finite: set[str]) -> bool:
    """Whether a finite value fits, if references in `finite` (and no others) have one."""
    if not isinstance(node, Mapping):
        return True
    if "$ref" in node and node["$ref"] not in finite:
        return False
    options = [_sequence(node, key) for key in ("anyOf", "oneOf") if key in node]
    if not all(any(_is_finite(child, finite) for child in option) for option in options):
        return False
    return all(_is_finite(child, finite) for child in _needed(node))


def _needed(node: Node) -> Iterator[object]:
    yield from _sequence(node, "allOf")
    required = _sequence(node, "required")
    yield from (child for name, child in _mapping(node, "properties").items() if name in required)
    if node.get("minItems", 0):
        yield from _sequence(node, "prefixItems")
        yield node.get("items", True)


def _sequence(node: Node, key: str) -> Sequence[object]:
    value = node.get(key, ())
    return value if isinstance(value, list | tuple) else ()


def _mapping(node: Node, key: str) -> Mapping[object, object]:
    value = node.get(key, {})
    return value if isinstance(value, Mapping) else {}
