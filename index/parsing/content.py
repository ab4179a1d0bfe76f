"""What a format's reader is given, and what it gives."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from index.documents import Block
from index.parsing.limits import ParseLimits


@dataclass(frozen=True, slots=True)
class Source:
    """A file. `text` is its decoded content where it is text, else empty."""

    data: bytes
    name: str
    text: str = ""
    limits: ParseLimits = field(default_factory=ParseLimits)


@dataclass(frozen=True, slots=True)
class Member:
    """A file in a file. `size` as promised, in bytes; `read` may raise `ParseRefused`."""

    name: str
    size: int
    read: Callable[[], bytes]


def held(name: str, data: bytes) -> Member:
    """A file that is in memory already."""
    return Member(name, len(data), lambda: data)


@dataclass(frozen=True, slots=True)
class Content:
    """Members are an archive's files or a message's attachments, in order."""

    blocks: list[Block]
    title: str = ""
    pages: int | None = None
    notes: list[str] = field(default_factory=list)
    members: Iterable[Member] = ()


Reader = Callable[[Source], Content]
