"""A graph on the disk: a file named by its hash, and a manifest that says which one counts.

The manifest is renamed into place when the file is on the disk, so that a death at any moment
leaves the old pair or the new one. Nothing is given to hnswlib that does not have the hash.
"""

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from index.vectors.graph import BUILD_WIDTH, LINKS, Graph

_FORM: Final = 1
_HALF: Final = ".part"


@dataclass(frozen=True, slots=True)
class Manifest:
    """`file` is the name of a file of `size` bytes; the rest is how the graph was built."""

    file: str
    sha256: str
    size: int
    count: int
    dimension: int
    links: int = LINKS
    build_width: int = BUILD_WIDTH
    form: int = _FORM


def save(graph: Graph, manifest: Path, dimension: int) -> None:
    """Raises `OSError` where there is no room; what was there stays."""
    half = manifest.with_suffix(_HALF)
    try:
        size = graph.save(half)
        if half.stat().st_size != size:
            raise OSError("The graph was not written whole.")  # hnswlib does not look
        digest = _synced_hash(half)
        found = Manifest(f"{manifest.stem}-{digest[:16]}.hnsw", digest, size, len(graph), dimension)
        half.rename(manifest.with_name(found.file))
        _write(manifest, json.dumps(asdict(found)))
        _remove_others(manifest, found.file)
    except RuntimeError as exc:  # of hnswlib: it could not open the file
        raise OSError("The graph could not be written.") from exc
    finally:
        half.unlink(missing_ok=True)


def load(manifest: Path, dimension: int) -> Graph | None:
    """None where there is none that is whole and built as it would be today."""
    try:
        found = Manifest(**json.loads(manifest.read_bytes()))
        path = manifest.with_name(Path(found.file).name)
        built = Manifest(found.file, found.sha256, found.size, found.count, dimension)
        if found != built or path.stat().st_size != found.size or _hash(path) != found.sha256:
            return None
        graph = Graph.loaded(path, dimension)
    except (OSError, ValueError, TypeError, RuntimeError):
        return None
    return graph if len(graph) == found.count else None


def remove(manifest: Path) -> None:
    manifest.unlink(missing_ok=True)
    _remove_others(manifest, "")


def _remove_others(manifest: Path, keep: str) -> None:
    for path in manifest.parent.glob(f"{manifest.stem}-*.hnsw"):
        if path.name != keep:
            with suppress(OSError):
                path.unlink()


def _write(manifest: Path, text: str) -> None:
    half = manifest.with_suffix(f".json{_HALF}")
    with half.open("w") as target:
        target.write(text)
        target.flush()
        os.fsync(target.fileno())
    half.rename(manifest)
    folder = os.open(manifest.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _synced_hash(path: Path) -> str:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return _hash(path)


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
