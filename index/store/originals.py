"""The files as they came, each kept once under the hash of its content."""

import errno
import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from index.errors import StorageFailed, StorageFull
from index.store.database import FAILED, NO_ROOM

_CHUNK: Final = 1 << 20
_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_HALF: Final = ".part"


@dataclass(frozen=True, slots=True)
class Received:
    """A file that is on the disk, but not yet under its name."""

    path: Path
    sha256: str
    bytes: int


class Originals:
    """Raises `StorageFull` or `StorageFailed`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    @contextmanager
    def receiving(self, source: BinaryIO) -> Iterator[Received]:
        """Reads `source` to its end. What is not kept by then is gone afterwards."""
        half = self._folder / f"{secrets.token_hex(8)}{_HALF}"
        try:
            yield _copied(source, half)
        finally:
            with suppress(OSError):
                half.unlink()

    def keep(self, received: Received) -> None:
        """It survives a power loss under its name from now on."""
        target = self.path(received.sha256)
        with translated():
            target.parent.mkdir(mode=0o700, exist_ok=True)
            received.path.rename(target)
            for folder in (target.parent, self._folder):
                _sync(folder)

    def path(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256

    def forget(self, sha256: str) -> None:
        self.path(sha256).unlink(missing_ok=True)

    def sweep(self, known: frozenset[str]) -> None:
        """Removes what a process that died had not finished: all that is not `known`."""
        for path in self._folder.rglob("*"):
            if path.is_file() and path.name not in known:
                path.unlink(missing_ok=True)


def _copied(source: BinaryIO, half: Path) -> Received:
    digest, size = hashlib.sha256(), 0
    with translated():
        descriptor = os.open(half, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            _write(descriptor, chunk)
        with translated():
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return Received(half, digest.hexdigest(), size)


def _write(descriptor: int, chunk: bytes) -> None:
    left = memoryview(chunk)
    with translated():
        while left:
            left = left[os.write(descriptor, left) :]


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def translated() -> Iterator[None]:
    """What a disk refuses, in the words of this package."""
    try:
        yield
    except OSError as exc:
        raise StorageFull(NO_ROOM) if exc.errno in _FULL else StorageFailed(FAILED) from exc
