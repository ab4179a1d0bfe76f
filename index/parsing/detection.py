"""What a file is, by its content. Its name helps only to tell one kind of text from another."""

import re
from io import BytesIO
from typing import Final
from zipfile import ZipFile

from index.errors import ParseCode, ParseRefused
from index.parsing import formats
from index.parsing.encoding import decoded
from index.parsing.formats import BY_SUFFIX, SUPPORTED, Format, suffix_of

_HEAD: Final = 4096  # characters looked at

_OTHERS: Final[tuple[tuple[bytes, str], ...]] = (
    (b"{\\rtf", "an RTF document: save it as DOCX"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive: pack its files as ZIP"),
    (b"Rar!", "a RAR archive: pack its files as ZIP"),
    (b"\x1f\x8b", "a gzip file: unpack it"),
    (b"%!PS", "PostScript: save it as PDF"),
)
_PICTURES: Final = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*", b"BM", b"RIFF")
_XML_ROOTS: Final = {
    "html": formats.HTML,
    "rss": formats.RSS,
    "rdf": formats.RSS,
    "feed": formats.ATOM,
}
_ROOT: Final = re.compile(r"<(?:[A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)")
_ASIDE: Final = re.compile(r"\s*(?:<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*(?:\[.*?\])?\s*>)", re.S)
_PAGE_TAG: Final = re.compile(r"<(?:!doctype html|html|head|body|div|p|table|h1)\b[^>]*>", re.I)
_FIELD: Final = re.compile(r"(?:[A-Za-z][A-Za-z0-9-]*:[^\n]*\n(?:[ \t][^\n]*\n)*){2,}")
_MAIL_FIELD: Final = re.compile(
    r"^(?:from|to|subject|date|received|message-id|mime-version|return-path|delivered-to):",
    re.I | re.M,
)


def identify(data: bytes, name: str) -> tuple[Format, str]:
    """The format, and the text where it is one.

    Raises `ParseRefused`; of a damaged archive, whatever its library raises.
    """
    if not data.strip(b"\0 \t\r\n"):
        raise ParseRefused("The file is empty.", "empty")
    if b"%PDF-" in data[:1024]:
        return formats.PDF, ""
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zipped(data), ""
    if data.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        from index.parsing.compound import compound_format

        return compound_format(data), ""
    _refuse_others(data)
    text = decoded(data)
    if text is None:
        raise _unsupported("The file is no text, and of no kind that can be read.")
    return _kind_of_text(text, name), text


def _refuse_others(data: bytes) -> None:
    for magic, what in _OTHERS:
        if data.startswith(magic):
            raise _unsupported(f"The file is {what}.")
    if data.startswith(_PICTURES) and decoded(data) is None:
        raise ParseRefused(
            "The file is a picture or a recording and has no text. Run text recognition (OCR) on "
            "it and upload the result.",
            "no_text",
        )


def _unsupported(message: str, code: ParseCode = "unsupported") -> ParseRefused:
    return ParseRefused(f"{message} {SUPPORTED}", code)


def _zipped(data: bytes) -> Format:
    with ZipFile(BytesIO(data)) as archive:
        names = set(archive.namelist())
        types = _start(archive, "[Content_Types].xml")
        kind = _start(archive, "mimetype").strip()
    if kind == b"application/epub+zip" or "META-INF/container.xml" in names:
        return formats.EPUB
    if kind.startswith(b"application/vnd.oasis.opendocument"):
        return _open_document(kind)
    return _office(names, types) if types else formats.ZIP


def _start(archive: ZipFile, name: str) -> bytes:
    """The beginning of a member; empty where there is none, or it is locked."""
    try:
        with archive.open(name) as member:
            return member.read(256 * 1024)
    except (KeyError, RuntimeError):
        return b""


def _open_document(kind: bytes) -> Format:
    if kind.endswith(b"spreadsheet"):
        return formats.ODS
    raise _unsupported("The file is an OpenDocument text or slides: save it as DOCX, PPTX or PDF.")


def _office(names: set[str], types: bytes) -> Format:
    found = {
        b"wordprocessingml.document.main+xml": formats.DOCX,
        b"presentationml.presentation.main+xml": formats.PPTX,
        b"presentationml.slideshow.main+xml": formats.PPTX,
        b"spreadsheetml.sheet.main+xml": formats.XLSX,
        b"sheet.macroEnabled.main+xml": formats.XLSX,
        b"sheet.binary.macroEnabled.main": formats.XLSX,
    }
    for mark, kind in found.items():
        if mark in types:
            return kind
    if b"macroEnabled" in types or "word/document.xml" in names:
        raise _unsupported("The file is an Office template or has macros: save it without them.")
    return formats.ZIP


def _kind_of_text(text: str, name: str) -> Format:
    named = BY_SUFFIX.get(suffix_of(name))
    head = text[:_HEAD].lstrip()
    if named is formats.CODE and not head.startswith(("<?xml", "{")):
        return named
    return _marked_up(text, head) or _data(text, head, named) or named or formats.TEXT


def _marked_up(text: str, head: str) -> Format | None:
    if not head.startswith("<"):
        return None
    rest = _without_asides(text[: 16 * _HEAD])
    root = _ROOT.match(rest)
    kind = _XML_ROOTS.get(root[1].lower()) if root else None
    if kind or head.startswith("<?xml"):
        return kind or (formats.XML if root else None)
    if _PAGE_TAG.match(head) or _PAGE_TAG.match(rest):
        return formats.HTML
    if head.startswith("<!DOCTYPE"):
        return formats.XML
    return formats.XML if root and text.rstrip().endswith(">") else None


def _without_asides(text: str) -> str:
    """From the first element on: declarations and comments come before it."""
    at = 0
    while found := _ASIDE.match(text, at):
        at = found.end()
    return text[at:].lstrip()


def _data(text: str, head: str, named: Format | None) -> Format | None:
    if head.startswith(("{", "[")):
        from index.parsing.json_tree import json_format

        return json_format(text)
    fields = _FIELD.match(head)
    if named is formats.EML or (fields and len(_MAIL_FIELD.findall(fields[0])) >= 2):
        return formats.EML
    return formats.HTML if named is None and len(_PAGE_TAG.findall(head)) >= 5 else None
