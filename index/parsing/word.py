"""Word documents (DOCX): body, notes and comments, in the XML that python-docx finds."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any, Final

from docx import Document
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import parse_xml
from docx.oxml.ns import qn

from index.parsing.blocks import Blocks
from index.parsing.content import Content, Source
from index.parsing.package import open_office
from index.parsing.tables import looks_like_header
from index.parsing.word_styles import Element, Styles

_PARAGRAPH, _TABLE, _ROW, _CELL = (qn(name) for name in ("w:p", "w:tbl", "w:tr", "w:tc"))
_BOX, _ALTERNATIVE = (
    qn("w:txbxContent"),
    "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",
)
_FORMULA_TEXT: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/math}t"
_TEXTS: Final = {qn("w:t"): None, _FORMULA_TEXT: None, qn("w:tab"): "\t"} | dict.fromkeys(
    (qn("w:br"), qn("w:cr")), "\n"
)
_SHELLS: Final = frozenset(map(qn, ("w:sdt", "w:sdtContent", "w:ins", "w:customXml", "w:smartTag")))
_NOTES: Final = (
    (RELATIONSHIP_TYPE.FOOTNOTES, "w:footnote", "Footnote"),
    (RELATIONSHIP_TYPE.ENDNOTES, "w:endnote", "Endnote"),
    (RELATIONSHIP_TYPE.COMMENTS, "w:comment", "Comment"),
)


def read(source: Source) -> Content:
    open_office(source).close()
    document = Document(BytesIO(source.data))
    walk = _Walk(Styles(document.styles.element))
    walk.over(document.element.body)
    for relation, tag, label in _NOTES:
        for note in _notes(document, relation, tag):
            walk.note(note, label)
    return Content(walk.blocks.found, document.core_properties.title or "")


class _Walk:
    def __init__(self, styles: Styles) -> None:
        self.blocks = Blocks()
        self._styles = styles
        self._items: list[tuple[int, str]] = []

    def over(self, parent: Element) -> None:
        for element in _content(parent):
            if element.tag == _PARAGRAPH:
                self._paragraph(element)
            else:
                self._end_list()
                self._table(element)
        self._end_list()

    def note(self, note: Element, label: str) -> None:
        text = "\n".join(_text(paragraph) for paragraph in note.iter(_PARAGRAPH)).strip()
        author = note.get(qn("w:author"))
        if text:
            self.blocks.text(f"{label} by {author}: {text}" if author else f"{label}: {text}")

    def _paragraph(self, paragraph: Element) -> None:
        text = _text(paragraph)
        level, depth = self._styles.level(paragraph), self._styles.list_depth(paragraph)
        if level is None and depth is not None:
            self._items.append((depth, text))
        else:
            self._end_list()
            if level is None:
                self.blocks.text(text)
            else:
                self.blocks.heading(text, level)
        for box in _boxes(paragraph):
            self._end_list()
            self.blocks.text("\n".join(map(_text, box.iter(_PARAGRAPH))))

    def _table(self, table: Element) -> None:
        rows = [[_cell(cell) for cell in row.iter(_CELL)] for row in table.iterchildren(_ROW)]
        marked = table.find(f"{_ROW}/{qn('w:trPr')}/{qn('w:tblHeader')}") is not None
        self.blocks.table(rows, marked or looks_like_header(rows))

    def _end_list(self) -> None:
        self.blocks.listing(self._items)
        self._items = []


def _content(parent: Element) -> Iterator[Element]:
    """Paragraphs and tables, also those in fields, forms and tracked changes."""
    stack = [iter(parent)]
    while stack:
        element = next(stack[-1], None)
        if element is None:
            stack.pop()
        elif element.tag in (_PARAGRAPH, _TABLE):
            yield element
        elif element.tag in _SHELLS:
            stack.append(iter(element))


def _text(paragraph: Element) -> str:
    """What is shown: no deleted text, field codes or text of boxes that hang on it."""
    pieces = []
    for element in paragraph.iter(*_TEXTS):
        box = next(element.iterancestors(_BOX, _PARAGRAPH), None)
        if box is paragraph:
            pieces.append(_TEXTS[element.tag] or element.text or "")
    return "".join(pieces)


def _boxes(paragraph: Element) -> Iterator[Element]:
    """Text boxes that hang on a paragraph; Word writes each twice, once for old programs."""
    for box in paragraph.iter(_BOX):
        if next(box.iterancestors(_ALTERNATIVE), None) is None:
            yield box


def _cell(cell: Element) -> str:
    return " ".join(map(_text, cell.iter(_PARAGRAPH)))


def _notes(document: Any, relation: str, tag: str) -> Iterator[Element]:
    for one in document.part.rels.values():
        if one.reltype == relation and not one.is_external:
            yield from parse_xml(one.target_part.blob).iter(qn(tag))
