"""An answer in pieces, as it comes: plain text, citation marks, ends of sentences.

However the text was cut, the pieces say the same. At most `HELD` characters are held back: a mark
that is not closed yet, or white space whose meaning the next character decides.
"""

import re
from typing import Final, NamedTuple

from index.answers.marks import LIMIT, NO_MARK, OPENERS, Reading, read
from index.answers.sentences import ends_sentence

SPACES: Final = 8  # a longer run of blanks is cut into several
HELD: Final = LIMIT + SPACES
TAIL: Final = 24  # how far back an abbreviation is looked for

_BLANK = " \t\r\u00a0"
_BLANKS = re.compile(rf"[{_BLANK}]{{1,{SPACES}}}")
_LINE_START = re.compile(r"[ \t]{0,8}(```|~~~|#{1,6}[ \t]|\||(?:[-*+>]|\d{1,3}[.)])[ \t])?")
_LINE_BEGUN = re.compile(r"[ \t]{0,8}(?:`{1,2}|~{1,2}|#{1,6}|[-*+>]|\d{1,3}[.)]?)?")
_TICKS = re.compile(r"`{1,16}")
_PLAIN = re.compile(r"[^\s`.!?…。\uff01\uff1f\[【(\"'”\u2019)\]*_»]+")
_ENDS = ".!?…"
_WIDE_ENDS = "。\uff01\uff1f"
_CLOSERS = "\"'”\u2019)]*_»"


class Text(NamedTuple):
    """`said`: part of a sentence; else structure, or code in a block of its own."""

    text: str
    said: bool = True


class Mark(NamedTuple):
    numbers: tuple[int, ...]


class End(NamedTuple):
    """A sentence ended here. `prose`: neither a heading nor a line of a table."""

    prose: bool


Piece = Text | Mark | End


class Scanner:
    """`known`: how many sources there are. Code is never searched for marks."""

    def __init__(self, known: int) -> None:
        self._known = known
        self._held = ""
        self._last = ""  # the character before `_held`
        self._pieces: list[Piece] = []
        self._line_start, self._prose = True, True
        self._fence = ""  # what closes the block of code that we are in
        self._ticks = ""  # what closes the code in this line
        self._reset()

    def feed(self, text: str, final: bool = False) -> list[Piece]:
        """What is certain now. `final`: nothing more comes."""
        held, at, self._pieces = self._held + text, 0, []
        while at < len(held) and (taken := self._next(held, at, final)):
            at += taken
            self._last = held[at - 1]
        self._held = held[at:]
        if final:
            self._end()
        return self._pieces

    def _reset(self) -> None:
        self._tail = ""  # what was said last in this sentence
        self._ended = ""  # the terminator, where nothing came behind it that goes on
        self._counted = False  # (1) came in this sentence, and was no mark: here things are counted

    def _end(self) -> None:
        self._pieces.append(End(self._prose))
        self._reset()

    def _say(self, text: str) -> int:
        self._pieces.append(Text(text))
        self._tail = (self._tail + text)[-TAIL:]
        return len(text)

    def _show(self, text: str) -> int:
        self._pieces.append(Text(text, said=False))
        return len(text)

    def _next(self, text: str, at: int, final: bool) -> int:
        """How many characters were understood; 0: what follows them is needed first."""
        if self._line_start:
            return self._begin_line(text, at, final)
        char = text[at]
        if char == "\n":
            return self._end_line()
        if self._fence:
            return self._show(text[at : text.find("\n", at) % (len(text) + 1)])
        if char in _BLANK:
            return self._blanks(text, at, final)
        if char == "`":
            return self._code(text, at, final)
        return self._words(text, at, final)

    def _begin_line(self, text: str, at: int, final: bool) -> int:
        begun, found = _LINE_BEGUN.match(text, at), _LINE_START.match(text, at)
        assert begun is not None
        assert found is not None
        if begun.end() == len(text) and not final:
            return 0
        self._line_start, kind = False, found[1] or ""
        self._prose = not kind.startswith(("#", "|"))
        if kind in ("```", "~~~") and self._fence in ("", kind):
            self._fence = "" if self._fence else kind
        return self._show(found[0]) if found[0] else self._next(text, at, final)

    def _end_line(self) -> int:
        self._end()
        self._line_start, self._ticks = True, ""
        return self._show("\n")

    def _blanks(self, text: str, at: int, final: bool) -> int:
        found = _BLANKS.match(text, at)
        assert found is not None
        blanks, after = found[0], found.end()
        if len(blanks) == SPACES:
            return self._between(blanks)
        if after == len(text):
            return self._show(blanks) if final else 0
        if text[after] == "\n":
            return self._show(blanks)
        if self._ended and text[after] in OPENERS:
            mark = self._reading(text, after, final)
            if mark is None or mark.length:
                return self._say(blanks) if mark else 0
        if text[after].islower():
            self._ended = ""
        return self._between(blanks)

    def _between(self, blanks: str) -> int:
        """Blanks between two words, or two sentences."""
        if not self._ended:
            return self._say(blanks)
        self._end()
        return self._show(blanks)

    def _code(self, text: str, at: int, final: bool) -> int:
        found = _TICKS.match(text, at)
        assert found is not None
        if found.end() == len(text) and len(found[0]) < 16 and not final:
            return 0
        if found[0] == self._ticks or not self._ticks:
            self._ticks = "" if self._ticks else found[0]
        self._ended = ""
        return self._say(found[0])

    def _words(self, text: str, at: int, final: bool) -> int:
        char = text[at]
        if char in OPENERS and not self._ticks:
            mark = self._reading(text, at, final)
            if mark is None:
                return 0
            if mark.length:
                self._pieces.append(Mark(mark.numbers))
                return mark.length
        self._counted = self._counted or (char.isdigit() and self._before(text, at) == "(")
        if self._ended and self._ended in _WIDE_ENDS and char not in _CLOSERS + _WIDE_ENDS:
            self._end()
        found = _PLAIN.match(text, at)
        self._ended = self._after(char)
        return self._say(found[0] if found else char)

    def _after(self, char: str) -> str:
        """What `_ended` is behind `char`."""
        if char in _CLOSERS:
            return self._ended
        if self._ticks or char not in _ENDS + _WIDE_ENDS:
            return ""
        return char if char != "." or ends_sentence(self._tail) else ""

    def _reading(self, text: str, at: int, final: bool) -> Reading | None:
        """None: more text must come."""
        counts = self._counted or self._before(text, at) not in _BLANK + "\n"
        if text[at] == "(" and counts:
            return NO_MARK
        return read(text, at, self._known, final)

    def _before(self, text: str, at: int) -> str:
        return text[at - 1] if at else self._last
