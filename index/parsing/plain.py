"""Plain text, by its empty lines; and source code, as it stands."""

import re
from typing import Final

from index.parsing import formats
from index.parsing.blocks import Blocks, printable
from index.parsing.content import Content, Source
from index.parsing.formats import suffix_of

_ITEM: Final = re.compile(r"\s*(?:[-*+•‣◦·]|\d{1,3}[.)])\s+\S")
_RULE: Final = re.compile(r"^[^\S\n]*([=\-~#*_])\1{2,}[^\S\n]*$", re.M)
_EMPTY_LINES: Final = re.compile(r"\n[^\S\n]*(?:\n[^\S\n]*)+")


def read(source: Source) -> Content:
    blocks = Blocks()
    if formats.BY_SUFFIX.get(suffix_of(source.name)) is formats.CODE:
        blocks.code(source.text)
    else:
        add_paragraphs(blocks, source.text)
    return Content(blocks.found)


def add_paragraphs(blocks: Blocks, text: str) -> None:
    """Paragraphs stand between empty lines; a line that is underlined is a heading."""
    for part in _EMPTY_LINES.split(printable(text)):
        lines = part.strip("\n").split("\n")
        if len(lines) >= 2 and _underlines(lines[1], lines[0]):
            blocks.heading(lines[0], 1 if lines[1].strip()[0] == "=" else 2)
            lines = lines[2:]
        text = _RULE.sub("", "\n".join(lines)).strip("\n")
        if all(map(_ITEM.match, text.split("\n"))):
            blocks.list_lines(text)
        else:
            blocks.text(text)


def _underlines(rule: str, line: str) -> bool:
    rule, line = rule.strip(), line.strip()
    long_enough = len(rule) >= 0.5 * len(line)
    return bool(line) and bool(re.fullmatch(r"={3,}|-{3,}", rule)) and long_enough
