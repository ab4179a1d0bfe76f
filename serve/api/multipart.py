"""multipart/form-data as `POST /v1/files` has it: short fields, and one file that streams by.

(RFC 7578; names and values are UTF-8 as browsers send them.)
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NoReturn

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from serve.api.strict_json import shown
from serve.errors import BadRequest, TooLarge

MOST_PARTS: Final = 16
MOST_HEADERS: Final = 8  # of a part
MOST_HEADER_BYTES: Final = 8 << 10  # of a part, all together
MOST_FIELD_BYTES: Final = 4 << 10
MOST_NAME: Final = 255  # characters of a file's name
NAMELESS: Final = "upload"
# What a form may be larger than the file in it.
OVERHEAD: Final = MOST_PARTS * (MOST_HEADER_BYTES + MOST_FIELD_BYTES)

_BOUNDARY: Final = re.compile(rb"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")
_ESCAPED: Final = {"%22": '"', "%0D": " ", "%0A": " "}  # as browsers spell them in names


def _invalid(message: str, param: str | None = None, code: str = "invalid_multipart") -> NoReturn:
    raise BadRequest(message, param, code)


def boundary_of(content_type: bytes) -> bytes:
    """Raises `BadRequest`."""
    boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
    if not _BOUNDARY.fullmatch(boundary):
        _invalid("The Content-Type must name the boundary between the form's parts.")
    return boundary


@dataclass(slots=True)
class _Part:
    """`file`: it has a file name."""

    name: str = ""
    file: bool = False
    value: bytearray = field(default_factory=bytearray)


class Form:
    """Takes a form in pieces. The file's content goes to `on_file` as it comes.

    `filename` is what was sent, made harmless; None until there is a file. Every method may
    raise `BadRequest`, `feed` also `TooLarge`.
    """

    def __init__(self, boundary: bytes, most: int, on_file: Callable[[bytes], None]) -> None:
        self.fields: dict[str, str] = {}
        self.filename: str | None = None
        self.size = 0
        self._most = most
        self._on_file = on_file
        self._part = _Part()
        self._parts = 0
        self._header = (bytearray(), bytearray())
        self._header_bytes = 0
        self._complete = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin_part,
                "on_header_field": self._on_header_field,
                "on_header_value": self._on_header_value,
                "on_header_end": self._end_header,
                "on_headers_finished": self._end_headers,
                "on_part_data": self._on_data,
                "on_part_end": self._end_part,
                "on_end": self._end,
            },
            max_header_count=MOST_HEADERS,
            max_header_size=MOST_HEADER_BYTES,
        )

    def feed(self, data: bytes) -> None:
        if self._complete or not data:
            return  # what follows the last part means nothing
        try:
            self._parser.write(data)
        except FormParserError as exc:
            message = (
                "The form cannot be read: its parts do not follow multipart/form-data, or have "
                f"more than {MOST_HEADERS} headers or {MOST_HEADER_BYTES} bytes of them."
            )
            raise BadRequest(message, code="invalid_multipart") from exc

    def close(self) -> None:
        """Everything has been fed."""
        if not self._complete:
            _invalid("The form ends in the middle: its last boundary is missing.")

    def _begin_part(self) -> None:
        self._part, self._header_bytes, self._parts = _Part(), 0, self._parts + 1
        if self._parts > MOST_PARTS:
            _invalid(f"The form has too many parts: at most {MOST_PARTS} are allowed.")

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header[0].extend(self._counted(data[start:end]))

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header[1].extend(self._counted(data[start:end]))

    def _counted(self, piece: bytes) -> bytes:
        self._header_bytes += len(piece)
        if self._header_bytes > MOST_HEADER_BYTES:
            most = MOST_HEADER_BYTES
            _invalid(f"The headers of a part are too large: at most {most} bytes are allowed.")
        return piece

    def _end_header(self) -> None:
        name, value = (bytes(part) for part in self._header)
        self._header = (bytearray(), bytearray())
        if name.lower() == b"content-disposition":
            options = parse_options_header(value)[1]
            self._part.name = _text(options.get(b"name", b""))
            if b"filename" in options:
                self._part.file = True
                self._name_file(_text(options[b"filename"]))
        elif name.lower() == b"content-transfer-encoding":
            _invalid("Content-Transfer-Encoding is not supported: send the bytes as they are.")

    def _name_file(self, name: str) -> None:
        if self.filename is not None:
            _invalid("The form has two files: send one at a time.", "file")
        self.filename = harmless(name)

    def _end_headers(self) -> None:
        name = self._part.name
        if self._part.file and name != "file":
            _invalid(f"The file must be the field 'file', not {shown(name)}.", name[:64] or None)
        if not name or name in self.fields:
            known = f"The form has the field {shown(name)} twice." if name else None
            _invalid(known or "A part of the form has no name.", name[:64] or None)

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        piece = data[start:end]
        if not self._part.file:
            self._part.value += piece
            if len(self._part.value) > MOST_FIELD_BYTES:
                _invalid(f"A field has at most {MOST_FIELD_BYTES} bytes.", self._part.name[:64])
            return
        self.size += len(piece)
        if self.size > self._most:
            text = f"The file is too large: at most {self._most} bytes are allowed."
            raise TooLarge(text, "file", "file_too_large")
        self._on_file(piece)

    def _end_part(self) -> None:
        if not self._part.file:
            self.fields[self._part.name] = _text(bytes(self._part.value))

    def _end(self) -> None:
        self._complete = True


def _text(data: bytes) -> str:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        _invalid("The names and fields of the form must be UTF-8.")
    return text


def harmless(name: str) -> str:
    """A file's name without folders and without what no screen shows; at most `MOST_NAME` long."""
    for escape, meaning in _ESCAPED.items():
        name = name.replace(escape, meaning)
    last = re.split(r"[/\\]", name)[-1]
    clean = "".join(c for c in last if c.isprintable()).strip()
    clean = clean if clean.strip(".") else NAMELESS
    if len(clean) <= MOST_NAME:
        return clean
    stem, dot, suffix = clean.rpartition(".")
    if not dot or len(suffix) > 16:
        return clean[:MOST_NAME]
    return f"{stem[: MOST_NAME - 1 - len(suffix)]}.{suffix}"
