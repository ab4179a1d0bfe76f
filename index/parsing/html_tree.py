"""HTML as a reader sees it: a tree's visible elements, however deep they lie in one another."""

import re
from collections.abc import Callable, Iterator
from typing import Final, Literal, NamedTuple

from lxml import etree, html
from lxml.html import HtmlElement

Event = Literal["start", "end", "whole", "hidden"]


def names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_HIDDEN: Final = names(
    "script style noscript template svg canvas iframe object audio video form button select "
    "input textarea nav aside head dialog"
)
_HIDDEN_ROLES: Final = names("navigation banner contentinfo search menu")
# What wikis and sites put between the words: links to edit, numbers of notes, skip links.
_HIDDEN_CLASSES: Final = names(
    "mw-editsection reference noprint navbar navbox catlinks sr-only visually-hidden toc"
)
_NO_DISPLAY: Final = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
_BORDERS: Final = names(
    "p div section article main body header footer blockquote figure figcaption address details "
    "summary fieldset dl dt dd ul ol li center hr html caption tr td th tbody thead tfoot table "
    "pre h1 h2 h3 h4 h5 h6 title br"
)
_SPACES: Final = re.compile(r"\s+")


class Page(NamedTuple):
    """`tree` is None when there is nothing but white space; `whole` unless it lay too deep."""

    tree: HtmlElement | None
    whole: bool = True


def page_of(text: str) -> Page:
    """Loads nothing from anywhere."""
    parser = html.HTMLParser(
        encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=True
    )
    try:
        tree = html.document_fromstring(text.encode("utf-8", "replace"), parser)
    except etree.ParserError:
        return Page(None)
    return Page(tree, not too_deep(parser))


def too_deep(parser: etree.HTMLParser | etree.XMLParser) -> bool:
    """Whether the parser gave up at some depth, and left out what came after."""
    return any("Excessive depth" in entry.message for entry in parser.error_log)


def events(
    root: HtmlElement, whole: Callable[[HtmlElement, str], bool] = lambda element, tag: False
) -> Iterator[tuple[Event, HtmlElement, str]]:
    """Each visible element at its start and its end, in order, with its tag.

    Of those that are `whole` or hidden there is one event, and none of what they hold.
    """
    stack = [(root, False)]
    while stack:
        element, entered = stack.pop()
        tag = element.tag if isinstance(element.tag, str) else ""
        if entered:
            yield "end", element, tag
        elif element is not root and _hidden(element, tag):
            yield "hidden", element, tag
        elif whole(element, tag):
            yield "whole", element, tag
        else:
            yield "start", element, tag
            stack.append((element, True))
            stack.extend((child, False) for child in reversed(element))


def texts(root: HtmlElement) -> Iterator[str]:
    """The visible text, in pieces, with white space where a browser begins a line."""
    for event, element, tag in events(root):
        if tag in _BORDERS and event != "hidden":
            yield " "
        if event == "start":
            yield own_text(element)
        elif element is not root:
            yield following_text(element)


def visible_text(root: HtmlElement) -> str:
    return " ".join("".join(texts(root)).split())


def own_text(element: HtmlElement) -> str:
    """What stands before the first child; of a formula, how it is written."""
    if element.tag == "math" and element.get("alttext"):
        return f" {element.get('alttext')} "
    return _SPACES.sub(" ", element.text or "")


def following_text(element: HtmlElement) -> str:
    return _SPACES.sub(" ", element.tail or "")


def _hidden(element: HtmlElement, tag: str) -> bool:
    if tag in _HIDDEN or not tag:
        return True
    if not element.attrib:
        return False
    hidden = "hidden" in element.attrib or element.get("aria-hidden") == "true"
    return (
        (hidden and tag not in ("math", "body"))
        or element.get("role") in _HIDDEN_ROLES
        or not _HIDDEN_CLASSES.isdisjoint((element.get("class") or "").split())
        or bool(_NO_DISPLAY.search(element.get("style") or ""))
    )
