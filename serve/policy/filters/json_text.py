"""Arguments of a tool call, filtered while they come: JSON stays JSON.

What stands in a string is read as the text that it means, filtered, and written as a string again.
A number in which something was found becomes a string. Everything else passes as it is.
"""

import json
import re
from collections.abc import Callable
from typing import Final

from serve.policy.filters.masks import Blocked, TextFilter

_OUTSIDE: Final = re.compile(r"[^\"\d-]+")
_NUMBER: Final = re.compile(r"[-+.\deE]+")
_PLAIN: Final = re.compile(r"[^\"\\]+")
_ESCAPE: Final = re.compile(r"\\u([0-9A-Fa-f]{4})|\\([^u])", re.DOTALL)
_SIMPLE: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_UNSAFE: Final = re.compile(r"[\"\\\x00-\x1f\ud800-\udfff]")
_HIGH, _LOW = re.compile(r"[\ud800-\udbff]"), re.compile(r"[\udc00-\udfff]")
_LONGEST: Final = 64  # characters of a number that is looked into


class JsonFilter:
    """`make` gives the filter of one string."""

    def __init__(self, make: Callable[[], TextFilter]) -> None:
        self._make = make
        self._held = ""
        self._inside: TextFilter | None = None  # of the string that we are in
        self._high = ""  # the first half of a character

    def feed(self, text: str, final: bool = False) -> str:
        """Raises `Blocked`, with what goes out before it: no whole JSON any more."""
        text, at, out = self._held + text, 0, list[str]()
        try:
            while at < len(text):
                taken, said = self._next(text, at, final)
                if not taken:
                    break
                at += taken
                out.append(said)
            if final and self._inside:
                out.append(_spelled(self._inside.feed(self._high, final=True)))
        except Blocked as blocked:
            raise Blocked(blocked.kind, "".join(out) + _spelled(blocked.said)) from None
        self._held = "" if final else text[at:]
        return "".join(out)

    def _next(self, text: str, at: int, final: bool) -> tuple[int, str]:
        """How many characters were understood, and what becomes of them; 0: more must come."""
        if self._inside is not None:
            return self._string(text, at, final, self._inside)
        if found := _OUTSIDE.match(text, at):
            return len(found[0]), found[0]
        if text[at] == '"':
            self._inside = self._make()
            return 1, '"'
        return self._number(text, at, final)

    def _number(self, text: str, at: int, final: bool) -> tuple[int, str]:
        found = _NUMBER.match(text, at, at + _LONGEST)
        assert found is not None
        if found.end() == len(text) and len(found[0]) < _LONGEST and not final:
            return 0, ""
        said = self._make().feed(found[0], final=True)
        return len(found[0]), said if said == found[0] else f'"{_spelled(said)}"'

    def _string(self, text: str, at: int, final: bool, inside: TextFilter) -> tuple[int, str]:
        if text[at] == '"':
            high, self._high, self._inside = self._high, "", None
            return 1, _spelled(inside.feed(high, final=True)) + '"'
        if found := _PLAIN.match(text, at):
            return len(found[0]), self._said(inside, found[0])
        found = _ESCAPE.match(text, at)
        if found is None and (len(text) - at < 6 and not final):
            return 0, ""
        if found is None:  # no JSON; what it means is what it says
            return 1, self._said(inside, "\\")
        meant = chr(int(found[1], 16)) if found[1] else _SIMPLE.get(found[2], found[2])
        return len(found[0]), self._said(inside, meant)

    def _said(self, inside: TextFilter, meant: str) -> str:
        """Two halves of a character are put together first."""
        if self._high and _LOW.match(meant):
            pair = (self._high + meant[0]).encode("utf-16", "surrogatepass").decode("utf-16")
            meant, self._high = pair + meant[1:], ""
        meant, self._high = self._high + meant, ""
        if _HIGH.match(meant[-1]):
            meant, self._high = meant[:-1], meant[-1]
        return _spelled(inside.feed(meant))


def _spelled(text: str) -> str:
    """As it stands in a JSON string."""
    return _UNSAFE.sub(lambda found: json.dumps(found[0])[1:-1], text)
