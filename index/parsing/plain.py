"""Plain text, by its empty lines; and source code, as it stands."""

import re
from typing import Final

from index.parsing import formats
from index.parsing.blocks import Blocks, printable
from index.parsing.content import Content, Source
from index.parsing.formats import suffix_of

_ITEM: Final = re.compile(r"\s*(?:[-*+•‣◦·]|\d{1,3}[.)])\s+\S")
_RULE: Final = re.compile(r"([=\-~#*_])\1{2,}")
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
        _add_lines(blocks, [line for line in lines if not _RULE.fullmatch(line.strip())])


def _add_lines(blocks: Blocks, lines: list[str]) -> None:
    if lines and all(map(_ITEM.match, lines)):
        blocks.list_lines("\n".join(lines))
    else:
        blocks.text("\n".join(lines))


def _underlines(rule: str, line: str) -> bool:
    rule, line = rule.strip(), line.strip()
    long_enough = len(rule) >= 0.5 * len(line)
    return bool(line) and bool(re.fullmatch(r"={3,}|-{3,}", rule)) and long_enough
