"""A PDF page's text by lines, as they are printed: where, how large, how bold."""

import ctypes
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pypdfium2 as pdfium
import pypdfium2.raw as c

_END: Final = re.compile("(\r\n|\r|\n|\ufffe|\x02)")  # the last two: a hyphen at a line's end
_BOLD: Final = re.compile(rb"bold|black|heavy|-bd|cmbx|sfbx", re.I)
_BOLD_WEIGHT: Final = 600
_WIDE: Final = 0.68  # of the type's size, for each character: type has 0.4 to 0.6
_RULE: Final = re.compile(r"[\W_]{4,}")  # a line that is drawn with characters


@dataclass(frozen=True, slots=True)
class Line:
    """In points, from the page's lower left corner. `hyphen`: its last word goes on in the next."""

    text: str
    left: float
    right: float
    bottom: float
    top: float
    size: float
    bold: bool
    hyphen: bool

    @property
    def sparse(self) -> bool:
        """Wider than its text, as the cells of a table's row are."""
        return self.right - self.left > _WIDE * self.size * len(self.text)

    @property
    def height(self) -> float:
        return self.top - self.bottom


def lines_of(page: pdfium.PdfPage) -> list[Line]:
    """In the order in which the file has them, which is mostly the order of reading."""
    text_page = page.get_textpage()
    try:
        return list(_lines(text_page, text_page.get_text_range()))
    finally:
        text_page.close()


def _lines(page: pdfium.PdfTextPage, text: str) -> Iterator[Line]:
    parts = _END.split(text)
    at = 0
    for part, end in zip(parts[::2], [*parts[1::2], ""], strict=True):
        if part.strip() and not _RULE.fullmatch(part.strip()):
            first = at + len(part) - len(part.lstrip())
            last = at + len(part.rstrip()) - 1
            hyphen = end in ("\ufffe", "\x02")
            yield _measured(page, part.strip(), (first, last), hyphen)
        at += len(part) + len(end)


def _measured(page: pdfium.PdfTextPage, text: str, ends: tuple[int, int], hyphen: bool) -> Line:
    first, last = (_char_index(page, index) for index in ends)
    middle = (first + last) // 2
    start, end = _box(page, first), _box(page, last)
    return Line(
        text,
        min(start[0], end[0]),
        max(start[1], end[1]),
        min(start[2], end[2]),
        max(start[3], end[3]),
        round(max(_size(page, first), _size(page, middle)), 1),
        _is_bold(page, first) and _is_bold(page, middle),
        hyphen,
    )


def _char_index(page: pdfium.PdfTextPage, text_index: int) -> int:
    """Characters that pdfium makes up, such as spaces, have no text index of their own."""
    found: int = c.FPDFText_GetCharIndexFromTextIndex(page, text_index)
    return found if found >= 0 else text_index


def _box(page: pdfium.PdfTextPage, index: int) -> tuple[float, float, float, float]:
    """Left, right, bottom, top."""
    rectangle = c.FS_RECTF()
    c.FPDFText_GetLooseCharBox(page, index, rectangle)
    return rectangle.left, rectangle.right, rectangle.bottom, rectangle.top


def _size(page: pdfium.PdfTextPage, index: int) -> float:
    """As it is printed: a font's own size means nothing without the matrix."""
    matrix = c.FS_MATRIX()
    if not c.FPDFText_GetMatrix(page, index, matrix):
        return 0.0
    return float(c.FPDFText_GetFontSize(page, index)) * math.hypot(matrix.c, matrix.d)


def _is_bold(page: pdfium.PdfTextPage, index: int) -> bool:
    name = ctypes.create_string_buffer(128)
    flags = ctypes.c_int()
    c.FPDFText_GetFontInfo(page, index, name, len(name), flags)
    heavy = c.FPDFText_GetFontWeight(page, index) >= _BOLD_WEIGHT
    return heavy or bool(_BOLD.search(name.value))
