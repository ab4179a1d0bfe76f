"""Feeds (RSS, Atom): each entry under its title."""

from collections.abc import Iterator
from typing import Final

from lxml import etree

from index.parsing.blocks import Blocks, one_line
from index.parsing.content import Content, Source
from index.parsing.web_page import add_page
from index.parsing.xml_safe import local_name, whole_text, xml_root

_ENTRIES: Final = ("item", "entry")
_DATES: Final = ("pubDate", "published", "updated", "date")
_WRITERS: Final = ("author", "creator")
_BODIES: Final = ("encoded", "content", "description", "summary", "subtitle")  # the fullest first


def read(source: Source) -> Content:
    root = xml_root(source.text.encode())
    channel = next((child for child in root if local_name(child) == "channel"), root)
    blocks = Blocks()
    title = _value(channel, ("title",))
    blocks.heading(title, 1)
    add_page(blocks, _value(channel, ("description", "subtitle")))
    for entry in _entries(root):
        blocks.heading(_value(entry, ("title",)) or "Untitled", 2)
        told = (_value(entry, _DATES), _value(entry, _WRITERS))
        blocks.text(" · ".join(filter(None, map(one_line, told))))
        add_page(blocks, _value(entry, _BODIES))
    return Content(blocks.found, title)


def _entries(root: etree._Element) -> Iterator[etree._Element]:
    return (element for element in root.iter("{*}*") if local_name(element) in _ENTRIES)


def _value(element: etree._Element, names: tuple[str, ...]) -> str:
    """The text of the first of `names` that the element has."""
    for name in names:
        for child in element:
            if local_name(child) == name and (text := whole_text(child).strip()):
                return text
    return ""
