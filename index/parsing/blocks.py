"""Blocks as a reader finds them, with text that can be shown, stored and searched."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from index.documents import Block, BlockKind
from index.parsing.tables import table_texts

# Control characters, soft hyphens, what has no width, marks of direction (which turn names around)
# and tags (which hide orders to a model).
_UNSEEN: Final = re.compile(
    "[\\x00-\\x08\\x0e-\\x1f\\x7f-\\x84\\x86-\\x9f\\xad\\u200b\\u200e\\u200f\\u202a-\\u202e\\u2060-\\u206f"
    "\\ufeff\\U000e0000-\\U000e007f]+"
)
_ENDS: Final = re.compile("\\r\\n?|[\\x0b\\x0c\\x85\\u2028\\u2029]")
_HALVES: Final = re.compile("[\\ud800-\\udfff]")
# Ligatures, Arabic letters as drawn, letters of formulas: their meaning is searched for.
_DRAWN: Final = re.compile("[\ufb00-\ufdff\ufe70-\ufeff\U0001d400-\U0001d7ff]+")
_BEGINNING: Final = 3  # blocks
_SPACES: Final = re.compile(r"[^\S\n]{2,}|[^\S\n ]")  # all but single spaces
_BREAKS: Final = re.compile(r" \n[ \n]*|\n[ \n]+")  # all but single line ends


def printable(text: str) -> str:
    """Without control characters, half surrogates and what is not seen; NFC; `\\n` ends lines."""
    text = _UNSEEN.sub("", _ENDS.sub("\n", text))
    if text.isascii():
        return text
    text = _DRAWN.sub(lambda drawn: unicodedata.normalize("NFKC", drawn[0]), text)
    return unicodedata.normalize("NFC", _HALVES.sub("\ufffd", text))


def flowing(text: str) -> str:
    """Printable text with single spaces and no empty lines."""
    return _BREAKS.sub("\n", _SPACES.sub(" ", printable(text))).strip()


def one_line(text: str) -> str:
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()  # as nearly every cell of a table: there may be millions
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
