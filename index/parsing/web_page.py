"""Web pages: the text that a reader sees, without menus, forms and scripts."""

from typing import Final

from lxml.html import HtmlElement

from index.parsing.blocks import Blocks, one_line
from index.parsing.content import Content, Source
from index.parsing.html_tree import tree_of, visible_text
from index.parsing.html_walk import add_html

_ENOUGH: Final = 0.3  # of the page's text: what claims to be its main part has to have it
_MAIN: Final = ("//main", "//*[@role='main']", "//article")


def read(source: Source) -> Content:
    tree = tree_of(source.text)
    if tree is None:
        return Content([])
    blocks = Blocks()
    add_html(blocks, _main_part(tree))
    return Content(blocks.found, one_line(" ".join(tree.xpath("//head/title//text()"))))


def add_page(blocks: Blocks, text: str) -> None:
    """All of a page, or of a piece of one."""
    tree = tree_of(text)
    if tree is not None:
        add_html(blocks, tree)


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
