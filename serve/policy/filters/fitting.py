"""Whether an answer is the JSON that was asked for, and the nearest text that is."""

import json
import re
from typing import Final

from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.exceptions import Unresolvable

from models.engine import Format

_FENCE: Final = re.compile(r"```(?:json)?\s*\n(.*?)(?:\n```|\Z)", re.DOTALL | re.IGNORECASE)
_BEGIN: Final = re.compile(r"[{\[]")
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*("?)|[{}\[\]]', re.DOTALL)
_COMMA: Final = re.compile(r",(\s*[}\]])")
_LOOSE: Final = re.compile(r"[,:\s]+\Z")
_CLOSING: Final = {"{": "}", "[": "]"}


def fits(text: str, asked: Format) -> bool:
    """True, too, where no JSON was asked for. References lead nowhere outside the schema."""
    if asked.kind == "text":
        return True
    try:
        value = json.loads(text)
    except ValueError:
        return False
    if asked.schema is None:
        return isinstance(value, dict)
    registry: Registry[object] = Registry()
    try:
        return bool(Draft202012Validator(dict(asked.schema), registry=registry).is_valid(value))
    except Unresolvable:
        return False


def repaired(text: str, asked: Format) -> str | None:
    """Without what is around the JSON, without loose commas, and closed where it broke off; None:
    that does not fit either.
    """
    fenced = _FENCE.search(text)
    inner = fenced[1] if fenced else text
    begin = _BEGIN.search(inner)
    if begin is None:
        return None
    candidate = _COMMA.sub(r"\1", _closed(inner[begin.start() :]))
    return candidate if fits(candidate, asked) else None


def _closed(text: str) -> str:
    """Up to where the first bracket is closed, or with what closes it."""
    awaited: list[str] = []
    for token in _TOKEN.finditer(text):
        if token[0] in _CLOSING:
            awaited.append(_CLOSING[token[0]])
        elif token[0][0] == '"':
            if not token[1]:
                return text + '"' + "".join(reversed(awaited))
        elif not awaited or token[0] != awaited.pop():
            break
        if not awaited:
            return text[: token.end()]
    return _LOOSE.sub("", text) + "".join(reversed(awaited))
