"""XML of any kind: `name: value` for what is data, paragraphs for what is prose."""

from collections.abc import Iterator
from typing import Final

from lxml import etree

from index.parsing.blocks import Blocks, one_line
from index.parsing.content import Content, Source
from index.parsing.xml_safe import local_name, whole_text, xml_root

_BLOCK: Final = 600  # characters: what belongs together stays together up to here


def read(source: Source) -> Content:
    blocks = Blocks()
    lines: list[str] = []
    for element, line in _lines(xml_root(source.text.encode())):
        begins = element.getparent() is not None and len(element) > 0
        if lines and (begins or sum(map(len, lines)) > _BLOCK):
            blocks.text("\n".join(lines))
            lines = []
        lines.append(line)
    blocks.text("\n".join(lines))
    return Content(blocks.found)


def _lines(root: etree._Element) -> Iterator[tuple[etree._Element, str]]:
    """Every element with something to say, in order; what is in prose belongs to it."""
    stack = [root]
    while stack:
        element = stack.pop()
        name = local_name(element)
        attributes = [
            f"{_plain(key)}={_told(value)}" for key, value in element.attrib.items() if value
        ]
        prose = _is_prose(element)
        text = one_line(whole_text(element) if prose else element.text or "")
        said = one_line(" ".join((text, *attributes)))
        if said and name:
            yield element, text if prose and len(element) else f"{name}: {said}"
        if not prose:
            stack.extend(reversed(element))


def _is_prose(element: etree._Element) -> bool:
    """Text stands beside its elements, as in a paragraph with emphasis."""
    return any((child.tail or "").strip() for child in element)


def _told(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("utf-8", "replace")


def _plain(name: str | bytes) -> str:
    return _told(name).rpartition("}")[2]
