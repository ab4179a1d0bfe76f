"""Files that are ZIP archives of XML (DOCX, PPTX, EPUB): opened only when they are honest."""

from io import BytesIO
from typing import Final
from zipfile import ZipFile

from index.errors import ParseRefused
from index.parsing.archive import read_member
from index.parsing.content import Source
from index.parsing.limits import MIB, ParseLimits

_PARTS: Final = 20_000
_SMALL: Final = 16 * MIB  # what expands to less is no bomb, however well it was packed
# "<!DOCTYPE" and "<!ENTITY" as they are spelled in any encoding that a part may have.
_DECLARATIONS: Final = tuple(
    word.encode(encoding)
    for word in ("<!DOCTYPE", "<!ENTITY")
    for encoding in ("utf-8", "utf-16-le", "utf-16-be")
)


def open_package(source: Source) -> ZipFile:
    """Raises `ParseRefused` when it expands too much."""
    archive = ZipFile(BytesIO(source.data))
    _check_size(archive, source.limits, len(source.data))
    return archive


def open_office(source: Source) -> ZipFile:
    """Also refuses XML with a document type: Office writes none, and entities are an attack."""
    archive = open_package(source)
    for info in archive.infolist():
        if info.filename.lower().endswith((".xml", ".rels", ".vml")):
            refuse_declarations(read_member(archive, info))
    return archive


def refuse_declarations(xml: bytes) -> None:
    if any(word in xml for word in _DECLARATIONS):
        message = (
            "The file declares XML entities, which are not read. Save it with another program."
        )
        raise ParseRefused(message, "damaged")


def _check_size(archive: ZipFile, limits: ParseLimits, packed: int) -> None:
    infos = archive.infolist()
    size = sum(info.file_size for info in infos)
    too_dense = size > max(_SMALL, limits.ratio * packed)
    if len(infos) > _PARTS or size > limits.expanded or too_dense:
        message = "The file grows too large when it is unpacked: split it."
        raise ParseRefused(message, "too_large")
