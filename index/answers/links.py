"""Addresses in an answer made harmless, unless the people in the conversation wrote them.

Whoever writes a document can have the model write a link or a picture, and a picture is fetched
without a click: what the conversation holds leaves inside its address. So with documents in the
prompt only hosts that the user or the operator named stay links. Everything else keeps its text
and shows its address as code: `[offer](https://x.example)` becomes ``[offer] (`https://x.example`)``.
So it is with references, autolinks and HTML that has attributes. Blocks of code stay as they are,
where it is certain that they are blocks of code.
"""

import re
from collections.abc import Iterable
from contextlib import aclosing
from dataclasses import replace
from typing import ClassVar, Final

from models.engine import ChunkStream

HELD: Final = 300  # characters that are held back at most: the beginning of an address

_NAMED = re.compile(r"(?:https?://|\b(?=www\.))([\w.-]+)", re.IGNORECASE)
_BEGUN = re.compile(r"(?:h|ht|htt|https?:?|https?://?|f|ft|ftp:?|ftp:/|ww?|www)?\Z", re.IGNORECASE)
_ADDRESS = re.compile(r"(?:https?|ftp)://|www\.", re.IGNORECASE)
_HOST = re.compile(r"(?:https?://|(?=www\.))([\w.-]{1,253})(?::\d{0,5})?", re.IGNORECASE)
_OPENING = re.compile(r"[ \t]{0,4}<?")
_BEHIND_HOST = "/?#)]>\"' \t\r\n,;!"
# Letters that addresses begin with are plain inside words, and before what no address goes on with.
_PLAIN = re.compile(r"(?:[^\n\r`\]<hHfFwW]+|(?<=[^\W_])[hHfFwW]|[hHfF](?=[^tT])|[wW](?=[^wW]))+")
_INSIDE = re.compile(r"[^\s<>\"`|\\\]().,;:!?'*]+")
_PUNCTUATION = ".,;:!?'*"
_TAG = re.compile(r"</?[a-zA-Z][a-zA-Z0-9-]{0,30}(?: ?/)?")
_TICKS = re.compile(r"`{1,16}|~{1,16}")
_CONTAINER = re.compile(r"[ \t>*+.)\d-]+")
_LINE = re.compile(r"[^\r\n]+")
_LAST_FENCE_LINE = re.compile(r" {0,3}([`~]*)[ \t]*")

Step = tuple[int, str]  # characters understood, and what becomes of them


class LinkFilter:
    """Text in, the same without foreign links out, however it was cut.

    `own`: texts of the conversation whose addresses may be links.
    """

    held: ClassVar[int] = HELD
    host: ClassVar[re.Pattern[str]] = _HOST

    def __init__(self, own: Iterable[str]) -> None:
        self._own = {host.rstrip(".").casefold() for text in own for host in _NAMED.findall(text)}
        self._held, self._last = "", "\n"  # `_last`: the character before `_held`
        self._blank, self._beginning = True, True  # so far, of this line
        self._defines = False  # a line of this paragraph began with a bracket
        self._unsure = False  # where blocks of code are: a line began with HTML, or in between
        self._ticks = ""  # what closes the code in this paragraph
        self._fence, self._fence_line = "", ""  # what closes this block; what may open one
        self._inside, self._angle, self._depth = False, False, 0  # of a foreign address

    def feed(self, text: str, final: bool = False) -> str:
        """What is certain now. `final`: nothing more comes."""
        held, at, out = self._held + text, 0, list[str]()
        while at < len(held) and (step := self._next(held, at, final)):
            at += step[0]
            self._last = held[at - 1] if step[0] else self._last
            out.append(step[1])
        self._held = held[at:]
        if final and self._inside:
            out.append("`")
        return "".join(out)

    def _next(self, text: str, at: int, final: bool) -> Step | None:
        """How many characters were understood and what becomes of them; None: more must come."""
        char = text[at]
        if self._inside:
            return self._address(text, at, final)
        if char in "\r\n":
            return self._end_line(char)
        if self._fence:
            return self._code_line(text, at, final)
        return self._inline(text, at, final)

    def _inline(self, text: str, at: int, final: bool) -> Step | None:
        char = text[at]
        if char == "`" or (char == "~" and self._blank):
            return self._code(text, at, final)
        if self._beginning:
            return self._begin(text, at)
        if char == "]":
            return self._bracket(text, at, final)
        if char == "<":
            return self._tag(text, at, final)
        plain = _PLAIN.match(text, at)
        return _kept(plain) if plain else self._maybe_address(text, at, final)

    def _end_line(self, char: str) -> Step:
        if char == "\n" and self._last == "\r":
            return 1, char
        if self._blank:
            self._ticks, self._defines = "", False
        if self._fence_line:
            self._fence, self._fence_line = self._fence_line, ""
            self._ticks, self._defines = "", False
        self._blank, self._beginning = True, True
        return 1, char

    def _begin(self, text: str, at: int) -> Step:
        """The beginning of a line, up to the first character of its content."""
        found = _CONTAINER.match(text, at)
        if found is not None:
            self._blank = self._blank and not found[0].strip(" \t")
            return _kept(found)
        self._beginning, self._blank = False, False
        self._defines = self._defines or text[at] == "["
        self._unsure = self._unsure or text[at] == "<"
        return 0, ""

    def _code(self, text: str, at: int, final: bool) -> Step | None:
        """Ticks: the first line of a block of code, or code in a line."""
        found = _TICKS.match(text, at)
        assert found is not None
        if found.end() == len(text) and len(found[0]) < 16 and not final:
            return None
        if self._last in "\r\n" and 3 <= len(found[0]) < 16 and not self._unsure:
            self._fence_line = found[0]
        elif self._blank and len(found[0]) >= 3:
            self._unsure = True
        elif found[0][0] == "`":
            self._fence_line = self._fence_line if self._fence_line[:1] == "~" else ""
            self._ticks = "" if self._ticks == found[0] else self._ticks or found[0]
        self._blank, self._beginning = False, False
        return _kept(found)

    def _code_line(self, text: str, at: int, final: bool) -> Step | None:
        """A line of a block of code; where it may be the last one, it is."""
        if self._last in "\r\n":
            found = _LAST_FENCE_LINE.match(text, at)
            assert found is not None
            long = found.end() - at >= self.held
            if found.end() == len(text) and not (final or long):
                return None
            enough = found[1].startswith(self._fence) and not found[1].strip(self._fence[0])
            if enough and (long or text[found.end() : found.end() + 1] in ("", "\r", "\n")):
                self._fence = ""
                return _kept(found)
        return _kept(_LINE.match(text, at))

    def _bracket(self, text: str, at: int, final: bool) -> Step | None:
        """What makes a link of the brackets before it, `](` and `]:`, is taken apart."""
        following = text[at + 1 : at + 2]
        if not following:
            return (1, "]") if final else None
        if following == ":" and self._defines:
            return 2, "] :"
        if following != "(":
            return 1, "]"
        own = self._is_own(text, at + 2, final)
        return None if own is None else (2, "](" if own else "] (")

    def _tag(self, text: str, at: int, final: bool) -> Step | None:
        """Tags without attributes stay."""
        found = _TAG.match(text, at)
        end = found.end() if found else at + 1
        if text[end : end + 2] in ("", " ") or (found is None and text[end:] == "/"):
            return (1, "<") if final else None
        if found is None or text[end] == ">":
            return 1, "<"
        own = self._is_own(text, at + 1, final)
        if own is None:
            return None
        begun = _ADDRESS.match(text, at + 1)
        if own or self._is_code() or begun is None:
            return 1, "<" if own else "< "
        self._angle = True
        return 1, ""

    def _maybe_address(self, text: str, at: int, final: bool) -> Step | None:
        if self._last.isalnum():
            return 1, text[at]
        found = _ADDRESS.match(text, at)
        if found is None:
            return None if _BEGUN.match(text, at) and not final else (1, text[at])
        own = self._is_own(text, at, final)
        if own is None:
            return None
        if own or self._is_code():
            return _kept(found)
        self._inside, self._depth = True, 0
        gap = " " if self._last == "`" else ""
        return found.end() - at, f"{gap}`{found[0]}"

    def _address(self, text: str, at: int, final: bool) -> Step | None:
        """More of a foreign address, up to where it ends; what closes it is not part of it."""
        char, following = text[at], text[at + 1 : at + 2]
        if found := _INSIDE.match(text, at):
            return _kept(found)
        if char in "()" and self._depth + (char == "("):
            self._depth += 1 if char == "(" else -1
            return 1, char
        if char in _PUNCTUATION:
            if not following and not final:
                return None
            if following and _INSIDE.match(following):
                return 1, char
        self._inside = False
        angle, self._angle = self._angle and char == ">", False
        return int(angle), "` " if char == "`" else "`"

    def _is_code(self) -> bool:
        """Whether ticks around an address would end code, or undo the beginning of a block."""
        return bool(self._ticks or self._fence_line)

    def _is_own(self, text: str, at: int, final: bool) -> bool | None:
        """Whether the address here leads to a host of ours; None: it is not all here."""
        opening = _OPENING.match(text, at)
        begin = opening.end() if opening else at
        found = self.host.match(text, begin)
        end = found.end() if found else begin
        if not final and (end == len(text) or _BEGUN.match(text, begin)):
            return None
        behind = text[end : end + 1]
        ours = found is not None and found[1].rstrip(".").casefold() in self._own
        return ours and (not behind or behind in _BEHIND_HOST)


def _kept(found: re.Match[str] | None) -> Step:
    assert found is not None
    return len(found[0]), found[0]


async def without_foreign_links(chunks: ChunkStream, own: Iterable[str]) -> ChunkStream:
    """`chunks` of one choice with their text filtered; all else is as it was."""
    links = LinkFilter(own)
    async with aclosing(chunks):
        async for chunk in chunks:
            text = links.feed(chunk.text, final=chunk.finish_reason is not None)
            yield replace(chunk, text=text)
