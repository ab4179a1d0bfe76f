"""What people wrote on a PDF's page: comments, and what they filled into a form."""

import ctypes
from collections.abc import Callable, Iterator
from typing import Any, Final

import pypdfium2 as pdfium
import pypdfium2.raw as c

_MOST: Final = 2000  # annotations of a page
_WORDLESS: Final = frozenset((c.FPDF_ANNOT_LINK, c.FPDF_ANNOT_POPUP))
_FILLED: Final = frozenset(
    (c.FPDF_FORMFIELD_TEXTFIELD, c.FPDF_FORMFIELD_COMBOBOX, c.FPDF_FORMFIELD_LISTBOX)
)


def written_on(page: pdfium.PdfPage, form: Any) -> Iterator[str]:
    """`form` is the document's form environment, or None."""
    for index in range(min(c.FPDFPage_GetAnnotCount(page), _MOST)):
        annotation = c.FPDFPage_GetAnnot(page, index)
        if annotation:
            text = _written(annotation, form)
            c.FPDFPage_CloseAnnot(annotation)
            if text:
                yield text


def _written(annotation: Any, form: Any) -> str:
    kind = c.FPDFAnnot_GetSubtype(annotation)
    if kind == c.FPDF_ANNOT_WIDGET:
        return _field(annotation, form) if form else ""
    if kind in _WORDLESS:
        return ""
    text = _text(lambda *rest: c.FPDFAnnot_GetStringValue(annotation, b"Contents", *rest)).strip()
    return f"Comment: {text}" if text else ""


def _field(annotation: Any, form: Any) -> str:
    if c.FPDFAnnot_GetFormFieldType(form, annotation) not in _FILLED:
        return ""
    value = _text(lambda *rest: c.FPDFAnnot_GetFormFieldValue(form, annotation, *rest)).strip()
    name = _text(lambda *rest: c.FPDFAnnot_GetFormFieldName(form, annotation, *rest)).strip()
    return f"{name}: {value}" if value else ""


def _text(ask: Callable[[Any, int], int]) -> str:
    """Asks twice: how long it is (in bytes, UTF-16), then what it says."""
    size = ask(None, 0)
    if size <= 2:
        return ""
    buffer = ctypes.create_string_buffer(size)
    ask(ctypes.cast(buffer, ctypes.POINTER(c.FPDF_WCHAR)), size)
    return buffer.raw[: size - 2].decode("utf-16-le", "replace")
