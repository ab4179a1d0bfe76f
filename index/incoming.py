"""Uploads on their way in, piece by piece, until they are whole."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from index.errors import StorageFull, Unknown
from index.store.originals import translated

_UPLOAD: Final = re.compile(r"[A-Za-z0-9]{16,64}")


class Incoming:
    """`most` bytes of one upload. Raises `Unknown` for what is no name of an upload."""

    def __init__(self, folder: Path, most: int) -> None:
        self._folder = folder
        self._most = most

    def clear(self) -> None:
        """What an earlier process received is of nobody any more."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in self._folder.iterdir():
            left.unlink(missing_ok=True)

    def append(self, upload: str, data: bytes) -> None:
        """Raises `StorageFull`."""
        with translated(), self._place(upload).open("ab") as file:
            if file.tell() + len(data) > self._most:
                raise StorageFull(f"A file has at most {self._most} bytes.")
            file.write(data)

    @contextmanager
    def whole(self, upload: str) -> Iterator[BinaryIO]:
        """All that came, which is gone afterwards. Raises `Unknown` where nothing did."""
        try:
            received = self._place(upload).open("rb")
        except FileNotFoundError:
            raise Unknown("upload", upload) from None
        try:
            with received:
                yield received
        finally:
            self.discard(upload)

    def discard(self, upload: str) -> None:
        self._place(upload).unlink(missing_ok=True)

    def _place(self, upload: str) -> Path:
        if not _UPLOAD.fullmatch(upload):
            raise Unknown("upload", upload)
        return self._folder / upload
