"""JSON read strictly: whatever two parsers could understand differently is refused.

RFC 8259 leaves duplicate keys, lone surrogates and huge numbers to the implementation; an
appliance behind proxies and in front of engines must not have two opinions about one body.
"""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, NoReturn

import numpy as np

from serve.errors import BadRequest

UNPARSEABLE = (
    "We could not parse the JSON body of your request. (HINT: This likely means you aren't using "
    "your HTTP library correctly. The API expects a JSON payload, but what was sent was not "
    "valid JSON.)"
)

_NESTING = np.zeros(256, np.int8)
_NESTING[list(b"[{")] = 1
_NESTING[list(b"]}")] = -1


def parse(body: bytes, max_depth: int) -> dict[str, Any]:
    """The JSON object in `body` (UTF-8, nested at most `max_depth` deep). Raises `BadRequest`."""
    if _may_nest_deeper(body, max_depth) and _depth(body) > max_depth:
        raise BadRequest(
            f"The JSON body is nested too deeply: at most {max_depth} levels are allowed.",
            code="json_too_deep",
        )
    document = _decode(body)
    if not isinstance(document, dict):
        raise BadRequest("The JSON body must be an object.", code="invalid_type")
    if b"\\u" in body:
        _refuse_odd_characters(document)
    return document


def _decode(body: bytes) -> object:
    try:
        return _DECODER.decode(body.decode("utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as exc:
        raise BadRequest(UNPARSEABLE) from exc
    except ValueError as exc:  # Python's own limit on the digits of an integer
        raise _number_out_of_range() from exc


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        name = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise BadRequest(
            f"The JSON body has the key {shown(name)} more than once in one object.",
            param=name[:64],
            code="duplicate_key",
        )
    return document


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise _number_out_of_range()
    return value


def _no_constant(name: str) -> NoReturn:
    raise BadRequest(UNPARSEABLE)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_float=_finite, parse_constant=_no_constant
)


def _number_out_of_range() -> BadRequest:
    return BadRequest("The JSON body has a number that is out of range.", code="invalid_value")


def _may_nest_deeper(body: bytes, depth: int) -> bool:
    return body.count(b"[") + body.count(b"{") > depth


def _depth(body: bytes) -> int:
    """The deepest nesting of brackets outside strings; parses nothing, so depth costs nothing."""
    unescaped = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    outside = b"".join(unescaped.split(b'"')[::2])
    steps = _NESTING[np.frombuffer(outside, np.uint8)]
    return int(np.cumsum(steps, dtype=np.int32).max(initial=0))


def _refuse_odd_characters(document: dict[str, Any]) -> None:
    """Escapes can spell what no UTF-8 text contains: half a surrogate pair, or NUL."""
    for text, param in _strings(document, ""):
        if "\0" in text or not _is_unicode(text):
            raise BadRequest(
                "The JSON body has a string with a NUL or with half of a surrogate pair.",
                param=param or None,
                code="invalid_value",
            )


def _strings(value: object, path: str) -> Iterator[tuple[str, str]]:
    """Every string of a document with the path of the value it belongs to, keys included."""
    if isinstance(value, str):
        yield value, path
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from _strings(item, f"{path}[{position}]")
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key, path
            yield from _strings(item, f"{path}.{key}" if path else key)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def shown(name: str) -> str:
    """A client's own word in a message: quoted, escaped, and short."""
    return ascii(name if len(name) <= 64 else f"{name[:61]}...")
