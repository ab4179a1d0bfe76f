"""HTML elements to blocks."""

from typing import Final

from lxml.html import HtmlElement

from index.parsing.blocks import Blocks
from index.parsing.html_tree import events, following_text, names, own_text, visible_text
from index.parsing.tables import looks_like_header

_HEADINGS: Final = {f"h{level}": level for level in range(1, 7)}
_PARAGRAPHS: Final = names(
    "p div section article main body header footer blockquote figure figcaption address details "
    "summary fieldset dl dt dd center hr html caption table tr td th tbody thead tfoot"
)
_LISTS: Final = names("ul ol")
_MENU_ITEMS, _MENU_CHARACTERS = 20, 20.0  # so many links, so short on average, are no text
_CELL_CHARACTERS: Final = 300  # more in a cell, on average: the table is there for the layout


def add_html(blocks: Blocks, root: HtmlElement) -> None:
    """All that is visible below `root`."""
    walk = _Walk(blocks)
    for event, element, tag in events(root, _whole):
        if event == "start":
            walk.enter(element, tag)
        elif event == "end":
            walk.leave(tag)
        elif event == "whole":
            walk.take(element, tag)
        if event != "start" and element is not root:
            walk.words.append(following_text(element))
    walk.end_list()


class _Walk:
    def __init__(self, blocks: Blocks) -> None:
        self.words: list[str] = []
        self._blocks = blocks
        self._items: list[tuple[int, str]] = []
        self._depth = 0  # of lists in lists

    def enter(self, element: HtmlElement, tag: str) -> None:
        if tag in _HEADINGS:
            self.end_list()
        elif tag in _PARAGRAPHS or tag == "li":
            self._end_paragraph()
        elif tag in _LISTS:
            self._end_paragraph()
            self._depth += 1
        elif tag == "br":
            self.words.append("\n")
        self.words.append(own_text(element))

    def leave(self, tag: str) -> None:
        if tag in _HEADINGS:
            self._blocks.heading("".join(self.words), _HEADINGS[tag])
            self.words.clear()
        elif tag in _PARAGRAPHS or tag == "li":
            self._end_paragraph()
        elif tag in _LISTS:
            self._end_paragraph()
            self._depth = max(0, self._depth - 1)
            if self._depth == 0:
                self.end_list()

    def take(self, element: HtmlElement, tag: str) -> None:
        """A table or code, which no paragraph or list holds; or a menu, which is left out."""
        self.end_list()
        if tag == "pre":
            self._blocks.code("".join(element.itertext()))
        elif tag == "table":
            _add_table(self._blocks, element)

    def end_list(self) -> None:
        self._end_paragraph()
        self._blocks.listing(self._items)
        self._items = []

    def _end_paragraph(self) -> None:
        text = "".join(self.words)
        self.words.clear()
        if self._depth:
            self._items.append((self._depth - 1, text))
        else:
            self._blocks.text(text)


def _whole(element: HtmlElement, tag: str) -> bool:
    if tag in _LISTS:
        return len(element) >= _MENU_ITEMS and _is_menu(element)
    return tag == "pre" or (tag == "table" and _holds_data(element))


def _is_menu(listing: HtmlElement) -> bool:
    """Nothing but short links, such as a page's other languages."""
    links = sum(len(visible_text(link)) for link in listing.iterdescendants("a"))
    letters = sum(len("".join(item.itertext()).strip()) for item in listing)
    return letters <= links < _MENU_CHARACTERS * len(listing)


def _holds_data(table: HtmlElement) -> bool:
    """Several columns of short cells, and no table inside."""
    if next(table.iterdescendants("table"), None) is not None:
        return False
    cells = sum(1 for _ in table.iterdescendants("td", "th"))
    rows = sum(1 for _ in table.iterdescendants("tr"))
    return cells > rows > 1 and len(visible_text(table)) < _CELL_CHARACTERS * cells


def _add_table(blocks: Blocks, table: HtmlElement) -> None:
    rows = [list(row.iterchildren("td", "th")) for row in table.iterdescendants("tr")]
    for caption in table.iterchildren("caption"):
        blocks.text(visible_text(caption))
    texts = [[visible_text(cell) for cell in row] for row in rows]
    headed = bool(rows) and bool(rows[0]) and all(cell.tag == "th" for cell in rows[0])
    blocks.table(texts, headed or looks_like_header(texts))
