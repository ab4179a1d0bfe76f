"""PDF: text in the order of reading, with pages, headings, comments and attached files."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

import pypdfium2 as pdfium
import pypdfium2.raw as c

from index.errors import ParseRefused
from index.parsing.blocks import Blocks
from index.parsing.content import Content, Member, Source, held
from index.parsing.pdf.annotations import written_on
from index.parsing.pdf.headings import heading_levels
from index.parsing.pdf.lines import Line, lines_of
from index.parsing.pdf.margins import without_margins
from index.parsing.pdf.order import in_reading_order
from index.parsing.pdf.paragraphs import joined, paragraphs

_LOCKED: Final = (c.FPDF_ERR_PASSWORD, c.FPDF_ERR_SECURITY)
_WORD: Final = re.compile(r"\w+(?:-\w+)*")
_ITEM: Final = re.compile(r"[•‣◦▪*-]\s")
_LEADERS: Final = re.compile(r"(?:\s?[._\u00b7]){5,}\s?")  # dots that lead to a page number
_NO_TITLES: Final = ("untitled", "anonymous", "unspecified", "title")
_PROGRAM: Final = re.compile(r"^Microsoft (?:Word|PowerPoint|Excel) - ")
_ATTACHED: Final = 100


def read(source: Source) -> Content:
    document = _opened(source.data)
    if document.get_formtype():
        document.init_forms()
    pages, heights, said = [], [], []
    for page in document:
        pages.append(lines_of(page))
        heights.append(page.get_height())
        said.append(list(written_on(page, document.formenv)))
        page.close()
    _refuse_scan(pages, said)
    blocks = _blocks(document, without_margins(pages, heights), said)
    members = list(_attached(document))
    return Content(blocks.found, _title(document), len(pages), _notes(pages), members)


def _title(document: pdfium.PdfDocument) -> str:
    """As its author gave it, unless a program did."""
    title = str(document.get_metadata_value("Title")).strip()
    return "" if title.strip("()").lower() in _NO_TITLES else _PROGRAM.sub("", title)


def _opened(data: bytes) -> pdfium.PdfDocument:
    try:
        return pdfium.PdfDocument(data)
    except pdfium.PdfiumError as exc:
        if exc.err_code in _LOCKED:
            message = "The PDF is encrypted. Save it without a password and upload it again."
            raise ParseRefused(message, "encrypted") from exc
        message = "The PDF is damaged. Open it and save it again."
        raise ParseRefused(message, "damaged") from exc


def _refuse_scan(pages: Sequence[Sequence[Line]], said: Sequence[Sequence[str]]) -> None:
    if not any(pages) and not any(said):
        message = (
            "The PDF has no text, only pictures of it. Run text recognition (OCR) on it and upload "
            "the result."
        )
        raise ParseRefused(message, "no_text")


def _blocks(
    document: pdfium.PdfDocument, pages: Sequence[Sequence[Line]], said: Sequence[Sequence[str]]
) -> Blocks:
    ordered = [in_reading_order(lines) for lines in pages]
    levels = heading_levels(document, ordered)
    words = {w.lower() for lines in ordered for line in lines for w in _WORD.findall(line.text)}
    blocks = Blocks()
    for number, lines in enumerate(ordered, 1):
        blocks.page = number
        for group in paragraphs(lines, levels):
            text = _LEADERS.sub(" \u2026 ", joined(group, words))
            _add(blocks, text, levels.get(id(group[0])))
        for text in said[number - 1]:
            blocks.text(text)
    return blocks


def _add(blocks: Blocks, text: str, level: int | None) -> None:
    if level is not None:
        blocks.heading(text, level)
    elif all(map(_ITEM.match, text.split("\n"))):
        blocks.list_lines(text)
    else:
        blocks.text(text)


def _notes(pages: Sequence[Sequence[Line]]) -> list[str]:
    bare = [str(number) for number, lines in enumerate(pages, 1) if not lines]
    if not bare:
        return []
    shown = ", ".join(bare[:20]) + (" and more" if len(bare) > 20 else "")
    return [f"No text on these of its {len(pages)} pages (empty, or pictures): {shown}."]


def _attached(document: pdfium.PdfDocument) -> Iterator[Member]:
    for index in range(min(document.count_attachments(), _ATTACHED)):
        attachment: Any = document.get_attachment(index)
        data = bytes(attachment.get_data())
        yield held(attachment.get_name(), data)
