"""A file's bytes to documents, and an archive's to many; in the process that calls it."""

import re
from collections.abc import Iterator
from typing import Final

from index.documents import Parsed
from index.errors import ParseRefused
from index.parsing.blocks import first_heading, one_line
from index.parsing.content import Content, Member, Source
from index.parsing.detection import identify
from index.parsing.formats import ZIP, Format
from index.parsing.limits import MIB, ParseLimits

NAME_CHARACTERS: Final = 200
_PARTS: Final = re.compile(r"[\\/]+")
_NOTES: Final = 100  # beyond these, only how many more there are
_SMALL: Final = MIB  # what expands to less is no bomb, however well it was packed


def parse_bytes(data: bytes, name: str, limits: ParseLimits | None = None) -> list[Parsed]:
    """What can be read of a file: one document, or an archive's. Raises `ParseRefused`.

    Of an archive some of which cannot be read, the first document's notes say what and why.
    """
    limits = limits or ParseLimits()
    reading = _Reading(limits, len(data))
    found = list(reading.documents(data, safe_name(name), 0))
    if not found:
        raise reading.refusal()
    notes = (*found[0].notes, *reading.notes())
    first = found[0]
    found[0] = Parsed(first.name, first.media_type, first.title, first.blocks, first.pages, notes)
    return found


def safe_name(name: str) -> str:
    """Without folders above, drives and characters that are not for names: safe to show and keep.

    It is a label all the same, never a path.
    """
    parts = (one_line(part).strip() for part in _PARTS.split(name))
    kept = [part for part in parts if part not in ("", ".", "..") and not _drive(part)]
    return "/".join(kept)[-NAME_CHARACTERS:].lstrip("/") or "unnamed"


def _drive(part: str) -> bool:
    return len(part) == 2 and part[1] == ":"


class _Reading:
    """One upload: what of its allowance is left, and what could not be read."""

    def __init__(self, limits: ParseLimits, packed: int) -> None:
        self._limits = limits
        self._packed = packed
        self._expanded = self._members = 0
        self._failed: list[tuple[str, ParseRefused]] = []

    def documents(self, data: bytes, name: str, depth: int) -> Iterator[Parsed]:
        """A file's document, if it has text of its own, then those of the files in it."""
        kind, text = _identified(data, name)
        content = _read(kind, Source(data, name, text, self._limits))
        if content.blocks:
            yield _parsed(name, kind, content)
        empty = not content.blocks
        for member in content.members:
            empty = False
            yield from self._member(member, f"{name}/{safe_name(member.name)}", depth + 1)
        if empty:
            what = "files" if kind is ZIP else "text"
            raise ParseRefused(f"The {kind.label} has no {what}.", "empty")

    def _member(self, member: Member, name: str, depth: int) -> Iterator[Parsed]:
        try:
            if depth > self._limits.depth:
                raise ParseRefused("It lies too deep: archives in archives.", "too_large")
            self._count(member)
            yield from self.documents(_bytes_of(member), name, depth)
        except _Bomb:
            raise
        except ParseRefused as refusal:
            self._failed.append((name, refusal))

    def _count(self, member: Member) -> None:
        """Raises `_Bomb` when everything together is more than an honest archive."""
        limits = self._limits
        self._members += 1
        self._expanded += member.size
        if self._members > limits.members:
            raise _Bomb(f"The archive has more than {limits.members} files: split it.", "too_large")
        too_dense = self._expanded > max(_SMALL, limits.ratio * self._packed)
        if self._expanded > limits.expanded or too_dense:
            raise _Bomb("The archive grows too large when it is unpacked: split it.", "too_large")

    def refusal(self) -> ParseRefused:
        """Why there is no document at all, though there were files."""
        if len(self._failed) == 1:
            name, only = self._failed[0]
            return ParseRefused(f"{name}: {only.message}", only.code)
        reasons = " ".join(f"{name}: {why.message}" for name, why in self._failed[:3])
        code = self._failed[0][1].code
        return ParseRefused(f"None of its {len(self._failed)} files can be read. {reasons}", code)

    def notes(self) -> list[str]:
        shown = [f"{name}: {why.message}" for name, why in self._failed[:_NOTES]]
        more = len(self._failed) - len(shown)
        return [*shown, f"{more} more files could not be read."] if more > 0 else shown


class _Bomb(ParseRefused):
    """The whole upload is refused, not one of its files."""


def _identified(data: bytes, name: str) -> tuple[Format, str]:
    try:
        return identify(data, name)
    except ParseRefused:
        raise
    except MemoryError as exc:
        raise ParseRefused("The file needs too much memory: split it.", "too_large") from exc
    except Exception as exc:  # as in `_read`
        message = "The file is damaged: it is cut off or was changed on its way. Upload it again."
        raise ParseRefused(message, "damaged") from exc


def _read(kind: Format, source: Source) -> Content:
    """Readers use libraries that raise what they like at a damaged file."""
    try:
        return kind.reader()(source)
    except ParseRefused:
        raise
    except MemoryError as exc:
        message = f"The {kind.label} needs too much memory: split it into smaller files."
        raise ParseRefused(message, "too_large") from exc
    except Exception as exc:
        message = f"The {kind.label} is damaged. Open it and save it again."
        raise ParseRefused(message, "damaged") from exc


def _bytes_of(member: Member) -> bytes:
    try:
        return member.read()
    except ParseRefused:
        raise
    except MemoryError as exc:
        raise ParseRefused("It needs too much memory.", "too_large") from exc
    except Exception as exc:  # as in `_read`
        raise ParseRefused("It is damaged.", "damaged") from exc


def _parsed(name: str, kind: Format, content: Content) -> Parsed:
    title = one_line(content.title) or first_heading(content.blocks)
    notes = tuple(content.notes)
    return Parsed(name, kind.media_type, title, tuple(content.blocks), content.pages, notes)
