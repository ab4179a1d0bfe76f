"""Which files `hearth docs add` takes, and what they are called in a collection."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CONTAINERS: Final = (b"%PDF-", b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
HEAD: Final = 4096  # bytes that are looked at


@dataclass(frozen=True, slots=True)
class Found:
    """A file to be added. `name`: its path relative to the folder that was given, with `/`."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """`reason` is one or two words, to be counted by."""

    name: str
    reason: str


def files_in(paths: Iterable[Path], most: int) -> Iterator[Found | Skipped]:
    """Everything in folders, and files themselves. `most`: bytes of a file."""
    for path in paths:
        if path.is_dir():
            for inside, hidden in _walk(path):
                yield _judged(inside, inside.relative_to(path).as_posix(), hidden, most)
        else:
            yield _judged(path, path.name, False, most)


def _walk(folder: Path) -> Iterator[tuple[Path, bool]]:
    """Files in order, and whether they are hidden. Links to folders are not followed."""
    for root, folders, names in os.walk(folder):
        hidden = sorted(name for name in folders if name.startswith("."))
        folders[:] = sorted(set(folders) - set(hidden))
        yield from ((Path(root, name), True) for name in hidden)
        for name in sorted(names):
            yield Path(root, name), name.startswith(".")


def _judged(path: Path, name: str, hidden: bool, most: int) -> Found | Skipped:
    if hidden:
        return Skipped(name, "hidden")
    if not name.isprintable():
        return Skipped(name.encode("utf-8", "replace").decode(), "name not printable")
    if path.is_symlink() and not path.exists():
        return Skipped(name, "broken link")
    if not path.is_file():
        return Skipped(name, "no file")
    reason = _unreadable(path, most)
    return Skipped(name, reason) if reason else Found(path, name)


def _unreadable(path: Path, most: int) -> str:
    """Why the appliance would not take it; what only a parser can tell is left to it."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError as exc:
        return exc.strerror or "unreadable"
    if not head:
        return "empty"
    return "too large" if size > most else "" if _may_be_text(head) else "unsupported"


def _may_be_text(head: bytes) -> bool:
    from index.parsing.encoding import decoded

    return head.startswith(CONTAINERS) or b"%PDF-" in head or decoded(head) is not None
