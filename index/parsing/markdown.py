"""Markdown: CommonMark with tables, and the title of a YAML front matter."""

import re
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

from index.parsing.blocks import Blocks
from index.parsing.content import Content, Source
from index.parsing.plain import add_paragraphs
from index.parsing.web_page import add_page

_FRONT: Final = re.compile(r"---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.S)
_TITLE: Final = re.compile(r"^title:[ \t]*(['\"]?)(.+?)\1[ \t]*$", re.M)
_DEEPEST: Final = 100  # lists and quotes in one another
_BREAKS: Final = {"softbreak": " ", "hardbreak": "\n"}


def read(source: Source) -> Content:
    text, title = source.text.replace("\r\n", "\n"), ""
    if front := _FRONT.match(text):
        text = text[front.end() :]
        titles = _TITLE.search(front[1])
        title = titles[2] if titles else ""
    blocks = Blocks()
    add_markdown(blocks, text)
    if not blocks.found:  # nested beyond what the parser follows
        add_paragraphs(blocks, text)
    return Content(blocks.found, title)


def add_markdown(blocks: Blocks, text: str) -> None:
    walk = _Walk(blocks)
    for token in MarkdownIt("commonmark", {"maxNesting": _DEEPEST}).enable("table").parse(text):
        walk.take(token)


class _Walk:
    """Tokens to blocks; a list becomes one block with whatever paragraphs it holds."""

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks
        self._heading = 0
        self._depth = 0
        self._items: list[tuple[int, str]] = []
        self._rows: list[list[str]] | None = None

    def take(self, token: Token) -> None:
        kind = token.type
        if kind == "inline":
            self._inline(_text(token))
        elif kind == "heading_open":
            self._end_items()
            self._heading = int(token.tag[1:])
        elif kind == "heading_close":
            self._heading = 0
        elif kind in ("fence", "code_block"):
            self._end_items()
            self._blocks.code(token.content)
        elif kind == "html_block":
            self._end_items()
            add_page(self._blocks, token.content)
        else:
            self._nest(kind)

    def _nest(self, kind: str) -> None:
        if kind in ("bullet_list_open", "ordered_list_open"):
            self._depth += 1
        elif kind in ("bullet_list_close", "ordered_list_close"):
            self._depth -= 1
            if not self._depth:
                self._end_items()
        elif kind == "table_open":
            self._end_items()
            self._rows = []
        elif kind == "tr_open" and self._rows is not None:
            self._rows.append([])
        elif kind == "table_close" and self._rows is not None:
            self._blocks.table(self._rows, header=True)
            self._rows = None

    def _inline(self, text: str) -> None:
        if self._rows is not None:
            self._rows[-1].append(text)
        elif self._heading:
            self._blocks.heading(text, self._heading)
        elif self._depth:
            self._items.append((self._depth - 1, text))
        else:
            self._blocks.text(text)

    def _end_items(self) -> None:
        self._blocks.listing(self._items)
        self._items = []


def _text(token: Token) -> str:
    return "".join(_piece(child) for child in token.children or ())


def _piece(token: Token) -> str:
    if token.type == "html_inline":
        return "\n" if token.content.startswith("<br") else ""
    return _BREAKS.get(token.type, token.content)
