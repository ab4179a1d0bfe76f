"""ZIP archives: their files, when they are honest."""

import zlib
from io import BytesIO
from typing import Final
from zipfile import BadZipFile, ZipFile, ZipInfo

from index.errors import ParseRefused
from index.parsing.content import Content, Member, Source

_LINK: Final = 0o120000
_KIND: Final = 0o170000
_LOCKED: Final = 0x1
# What systems put beside files: nobody means it to be read.
_HOUSEKEEPING: Final = ("__MACOSX/", ".DS_Store", "Thumbs.db", ".git/")


def read(source: Source) -> Content:
    archive = ZipFile(BytesIO(source.data))
    infos = [info for info in archive.infolist() if not info.is_dir() and not _aside(info)]
    return Content([], members=[_member(archive, info) for info in infos])


def read_member(archive: ZipFile, info: ZipInfo) -> bytes:
    """Its bytes, as many as it promises. Raises `ParseRefused`."""
    if info.flag_bits & _LOCKED:
        message = "It is encrypted: pack the archive without a password and upload it again."
        raise ParseRefused(message, "encrypted")
    try:
        return archive.read(info)
    except (BadZipFile, zlib.error, EOFError, OSError, ValueError) as exc:
        raise ParseRefused("It is damaged in the archive: pack it again.", "damaged") from exc
    except NotImplementedError as exc:
        message = "It is packed in a way that cannot be read: use plain ZIP compression."
        raise ParseRefused(message, "unsupported") from exc


def _aside(info: ZipInfo) -> bool:
    return any(part in info.filename for part in _HOUSEKEEPING)


def _member(archive: ZipFile, info: ZipInfo) -> Member:
    def content() -> bytes:
        if info.external_attr >> 16 & _KIND == _LINK:
            raise ParseRefused("It is a link, not a file: pack the file itself.", "unsupported")
        return read_member(archive, info)

    return Member(info.filename, info.file_size, content)
