"""Spreadsheets of any age: a sheet is a page under its name."""

from datetime import datetime, time, timedelta
from io import BytesIO
from typing import Any
from zipfile import is_zipfile

from python_calamine import CalamineError, CalamineWorkbook, PasswordError

from index.errors import ParseRefused
from index.parsing.blocks import Blocks
from index.parsing.content import Content, Source
from index.parsing.package import open_office
from index.parsing.sheet import add_sheet


def read(source: Source) -> Content:
    if is_zipfile(BytesIO(source.data)):
        open_office(source).close()
    book = _opened(source.data)
    blocks = Blocks()
    for number, name in enumerate(book.sheet_names, 1):
        blocks.page = number
        rows = book.get_sheet_by_name(name).to_python(skip_empty_area=True)
        if rows:
            blocks.heading(name, 2)
            add_sheet(blocks, [[_cell(value) for value in row] for row in rows])
    filled = any(block.kind != "heading" for block in blocks.found)
    return Content(blocks.found if filled else [], pages=len(book.sheet_names))


def _opened(data: bytes) -> CalamineWorkbook:
    try:
        return CalamineWorkbook.from_filelike(BytesIO(data))
    except PasswordError as exc:
        message = "The spreadsheet is encrypted. Save it without a password and upload it again."
        raise ParseRefused(message, "encrypted") from exc
    except CalamineError as exc:
        message = "The spreadsheet is damaged. Open it and save it again."
        raise ParseRefused(message, "damaged") from exc


def _cell(value: Any) -> str:
    """As people write it: whole numbers without a point, dates without midnight."""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.10g}"
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return value.isoformat(" ") if isinstance(value, datetime) else str(value)
