"""What a paragraph of a Word document is: by itself, or by its style and those it is based on."""

from collections.abc import Iterator
from typing import Any, Final

from docx.oxml.ns import qn

_TITLE_STYLES: Final = ("title", "titel", "titre", "título")
_DEEPEST: Final = 12  # styles that are each based on the next
_BODY_LEVEL: Final = 9  # Word's outline level of what is no heading

Element = Any  # lxml's, of which python-docx makes its own classes


class Styles:
    """`root` is the element `w:styles`."""

    def __init__(self, root: Element) -> None:
        self._styles = {
            _of(style, "w:styleId"): style for style in root.iterchildren(qn("w:style"))
        }

    def level(self, paragraph: Element) -> int | None:
        """1 to 9 of a heading; None of what is none."""
        for element in self._chain(paragraph):
            outline = element.find(f"{qn('w:pPr')}/{qn('w:outlineLvl')}")
            if outline is not None:
                found = _number(outline)
                return found + 1 if found < _BODY_LEVEL else None
        ids = (_of(element, "w:styleId").lower() for element in self._chain(paragraph))
        return 1 if any(one in _TITLE_STYLES for one in ids) else None

    def list_depth(self, paragraph: Element) -> int | None:
        """From 0; None of what is no item of a list."""
        for element in self._chain(paragraph):
            number = element.find(f"{qn('w:pPr')}/{qn('w:numPr')}")
            if number is not None:
                depth = number.find(qn("w:ilvl"))
                return 0 if depth is None else _number(depth)
        return None

    def _chain(self, paragraph: Element) -> Iterator[Element]:
        """The paragraph, its style, and those that it is based on."""
        yield paragraph
        style = self._named(paragraph.find(f"{qn('w:pPr')}/{qn('w:pStyle')}"))
        for _ in range(_DEEPEST):
            if style is None:
                return
            yield style
            style = self._named(style.find(qn("w:basedOn")))

    def _named(self, reference: Element | None) -> Element | None:
        return None if reference is None else self._styles.get(_of(reference, "w:val"))


def _of(element: Element, name: str) -> str:
    return str(element.get(qn(name)) or "")


def _number(element: Element) -> int:
    value = _of(element, "w:val")
    return int(value) if value.isdigit() else 0
