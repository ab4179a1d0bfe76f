"""Web pages: the text that a reader sees, without menus, forms and scripts."""

from typing import Final

from lxml.html import HtmlElement

from index.errors import ParseRefused
from index.parsing.blocks import Blocks, one_line
from index.parsing.content import Content, Source
from index.parsing.html_tree import page_of, visible_text
from index.parsing.html_walk import add_html

_ENOUGH: Final = 0.3  # of the page's text: what claims to be its main part has to have it
_TOO_DEEP: Final = "The web page is nested too deeply to be read to its end."
_MAIN: Final = ("//main", "//*[@role='main']", "//article")


def read(source: Source) -> Content:
    page = page_of(source.text)
    if page.tree is None:
        return Content([])
    blocks = Blocks()
    add_html(blocks, _main_part(page.tree))
    if not page.whole and not blocks.found:
        raise ParseRefused(f"{_TOO_DEEP} Save it as PDF.", "damaged")
    title = one_line(" ".join(page.tree.xpath("//head/title//text()")))
    return Content(blocks.found, title, notes=[] if page.whole else [_TOO_DEEP])


def add_page(blocks: Blocks, text: str) -> None:
    """All of a page, or of a piece of one."""
    page = page_of(text)
    if page.tree is not None:
        add_html(blocks, page.tree)


def _main_part(tree: HtmlElement) -> HtmlElement:
    """The only main part, where the page has one with much of its text; else its body."""
    bodies = tree.xpath("//body")
    body: HtmlElement = bodies[0] if bodies else tree
    for path in _MAIN:
        found = tree.xpath(path)
        if len(found) == 1 and _is_most(found[0], body):
            main: HtmlElement = found[0]
            return main
    return body


def _is_most(part: HtmlElement, body: HtmlElement) -> bool:
    return len(visible_text(part)) > _ENOUGH * len(visible_text(body))
