"""Blocks as a reader finds them, with text that can be shown, stored and searched."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from index.documents import Block, BlockKind
from index.parsing.tables import table_texts

_KEPT: Final = {"\n", "\t"}
_UNSEEN: Final = "\u00ad\u200b\u200e\u200f\u2060\ufeff"  # soft hyphen, zero width, marks
# Ligatures, Arabic letters as drawn, letters of formulas: their meaning is searched for.
_DRAWN: Final = re.compile("[\ufb00-\ufdff\ufe70-\ufeff\U0001d400-\U0001d7ff]+")
_BEGINNING: Final = 3  # blocks
_SPACES: Final = re.compile(r"[^\S\n]+")
_BREAKS: Final = re.compile(r" ?\n[ \n]*")


def _dropped() -> dict[int, str | None]:
    control = [chr(i) for i in (*range(32), *range(127, 160)) if chr(i) not in _KEPT]
    table: dict[int, str | None] = dict.fromkeys(map(ord, (*control, *_UNSEEN)))
    table[0x0B] = table[0x0C] = table[0x85] = table[0x2028] = table[0x2029] = "\n"
    return table | dict.fromkeys(range(0xD800, 0xE000), "\ufffd")


_TRANSLATION: Final = _dropped()


def printable(text: str) -> str:
    """Without control characters, half surrogates and what is not seen; NFC; `\\n` ends lines."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").translate(_TRANSLATION)
    text = _DRAWN.sub(lambda drawn: unicodedata.normalize("NFKC", drawn[0]), text)
    return unicodedata.normalize("NFC", text)


def flowing(text: str) -> str:
    """Printable text with single spaces and no empty lines."""
    return _BREAKS.sub("\n", _SPACES.sub(" ", printable(text))).strip()


def one_line(text: str) -> str:
    return " ".join(printable(text).split())


class Blocks:
    """Collects blocks; what has no text is left out. `page` holds for those that follow."""

    def __init__(self, page: int | None = None) -> None:
        self.found: list[Block] = []
        self.page = page

    def text(self, text: str) -> None:
        self._add("text", flowing(text))

    def heading(self, text: str, level: int) -> None:
        self._add("heading", one_line(text), min(max(level, 1), 6))

    def code(self, text: str) -> None:
        """Keeps indentation."""
        lines = (line.rstrip() for line in printable(text).expandtabs(4).split("\n"))
        self._add("code", "\n".join(lines).strip("\n"))

    def listing(self, items: Sequence[tuple[int, str]]) -> None:
        """Items with their depth, from 0."""
        lines = [("  " * depth, one_line(item)) for depth, item in items]
        self._add("list", "\n".join(f"{space}- {item}" for space, item in lines if item))

    def list_lines(self, text: str) -> None:
        """A list that is written out, with whatever stands before its items."""
        self._add("list", flowing(text))

    def table(self, rows: Sequence[Sequence[str]], header: bool) -> None:
        """A long one becomes several blocks, each under its header."""
        for text in table_texts([[one_line(cell) for cell in row] for row in rows], header):
            self._add("table", text)

    def _add(self, kind: BlockKind, text: str, level: int = 0) -> None:
        if text:
            self.found.append(Block(kind, text, level, self.page))


def first_heading(blocks: Sequence[Block]) -> str:
    """The highest of the headings at the very beginning; empty where there is none."""
    headings = [block for block in blocks[:_BEGINNING] if block.kind == "heading"]
    return min(headings, key=lambda block: block.level).text if headings else ""
