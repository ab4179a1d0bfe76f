"""Microsoft's compound files (OLE2): old Excel, Outlook, and whatever Office has encrypted."""

from io import BytesIO

import olefile

from index.errors import ParseRefused
from index.parsing import formats
from index.parsing.formats import SUPPORTED, Format


def compound_format(data: bytes) -> Format:
    """By the names of the streams inside. Raises `ParseRefused`, and what olefile does."""
    with olefile.OleFileIO(BytesIO(data)) as file:
        names = {path[0].lower() for path in file.listdir()}
    if "encryptedpackage" in names:
        message = "The file is encrypted. Save it without a password and upload it again."
        raise ParseRefused(message, "encrypted")
    if names & {"workbook", "book"}:
        return formats.XLS
    if "__properties_version1.0" in names:
        return formats.MSG
    raise ParseRefused(_other(names), "unsupported")


def _other(names: set[str]) -> str:
    if "worddocument" in names:
        return f"The file is an old Word document (DOC): save it as DOCX. {SUPPORTED}"
    if "powerpoint document" in names:
        return f"The file is an old presentation (PPT): save it as PPTX. {SUPPORTED}"
    return f"The file is of an old Office kind that cannot be read. {SUPPORTED}"
