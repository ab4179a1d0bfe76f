"""What is written beside a model: where it comes from, and the hash of every file."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, BinaryIO, ClassVar, Final

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from models.errors import ModelRefused
from models.progress import Meter
from models.store.model_files import Format

MANIFEST: Final = "manifest.json"
CHUNK_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class ModelFile:
    """`size` in bytes, `sha256` in hex."""

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$")]
    size: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


@dataclass(frozen=True, slots=True)
class Manifest:
    """`revision` is the commit of a repository; `failed` says what a verification found."""

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")

    name: str
    format: Format
    source: str
    files: tuple[ModelFile, ...]
    revision: str | None = None
    licence: str | None = None
    failed: str | None = None

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(file.size for file in self.files)


_MANIFEST: Final = TypeAdapter(Manifest)


def read(folder: Path) -> Manifest:
    """Raises `ModelRefused`."""
    try:
        return _MANIFEST.validate_json((folder / MANIFEST).read_bytes())
    except (OSError, ValidationError) as exc:
        raise ModelRefused(
            "Its manifest is missing or damaged: remove it, and add it again."
        ) from exc


def write(folder: Path, manifest: Manifest) -> None:
    """Whole or not at all."""
    fresh = folder / f"{MANIFEST}.new"
    with fresh.open("wb") as file:
        file.write(_MANIFEST.dump_json(manifest, indent=1))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(folder / MANIFEST)


def hashed(path: Path, meter: Meter) -> ModelFile:
    with path.open("rb") as file:
        return _hashed(path.name, _chunks(file, meter))


def taken(source: Path, folder: Path, meter: Meter) -> ModelFile:
    """Links the file into `folder`, or copies it where that is impossible; its hash."""
    target = folder / source.name
    try:
        os.link(source.resolve(), target)
    except OSError:  # another file system, another owner
        with source.open("rb") as file, target.open("wb") as copy:
            return _hashed(source.name, _copied(_chunks(file, meter), copy))
    return hashed(target, meter)


def _hashed(name: str, chunks: Iterator[bytes]) -> ModelFile:
    digest, size = hashlib.sha256(), 0
    for chunk in chunks:
        digest.update(chunk)
        size += len(chunk)
    return ModelFile(name, size, digest.hexdigest())


def _chunks(file: BinaryIO, meter: Meter) -> Iterator[bytes]:
    while chunk := file.read(CHUNK_BYTES):
        yield chunk
        meter.add(len(chunk))


def _copied(chunks: Iterator[bytes], copy: BinaryIO) -> Iterator[bytes]:
    for chunk in chunks:
        copy.write(chunk)
        yield chunk
