"""The models of an appliance: one folder each, visible only when it is whole.

<folder>/<name>/manifest.json   where it comes from, every file's hash
<folder>/<name>/files/          what an engine reads
<folder>/.<name>.part/          a model on its way (`models.store.pull` goes on with it)
"""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from models.durable import Busy, appearing, is_locked, locked, publish, unfinished
from models.errors import ModelRefused
from models.progress import Meter, Progress
from models.store import manifest, model_files
from models.store.manifest import Manifest

State = Literal["absent", "downloading", "ready", "loading", "serving", "failed"]
"""Loading and serving are what an engine does with a model that is ready."""

FILES: Final = "files"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}")


class StoreError(Exception):
    """What was asked of the store cannot be done. `args[0]` says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Entry:
    """`detail` is for people; `manifest` is there when the model is."""

    name: str
    state: State
    detail: str = ""
    manifest: Manifest | None = None


class Store:
    """Any process may use it at any time. Every method may raise `StoreError`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def entries(self) -> list[Entry]:
        """Everything that is there or on its way, by name."""
        if not self.folder.is_dir():
            return []
        visible = {path.name for path in self.folder.iterdir() if _NAME.fullmatch(path.name)}
        hidden = {path.name[1:-5] for path in self.folder.glob(".*.part")}
        return [self.entry(name) for name in sorted(visible | hidden)]

    def entry(self, name: str) -> Entry:
        target = self._target(name)
        if target.is_dir():
            return _judged(name, target)
        if is_locked(target):
            return Entry(name, "downloading", f"{_size(unfinished(target)):,} bytes so far")
        if unfinished(target).is_dir():
            return Entry(name, "failed", "interrupted: pull or add it again, or remove it")
        return Entry(name, "absent", "not here: pull or add it")

    def path(self, name: str) -> Path:
        """What an engine is told: the GGUF file, or the folder with safetensors."""
        entry = self.entry(name)
        if entry.state != "ready" or entry.manifest is None:
            raise StoreError(f"The model {name} cannot be used: {entry.detail}.")
        files = self.folder / name / FILES
        return files / entry.manifest.files[0].name if entry.manifest.format == "gguf" else files

    def add(self, source: Path, name: str | None, progress: Progress) -> Entry:
        """Takes a GGUF file, or a folder of Hugging Face's, by links where that is possible.

        Raises `ModelRefused` when it is not a model that can be used.
        """
        if not source.exists():
            raise StoreError(f"{source} does not exist.")
        folder = source if source.is_dir() else source.parent
        names = [path.name for path in folder.iterdir() if path.is_file()]
        chosen = model_files.choose(names, None if source.is_dir() else source.name)
        name = name or (source.resolve().name if source.is_dir() else source.stem)
        meter = Meter(sum((folder / file).stat().st_size for file in chosen), progress)
        model_files.check(folder, chosen)  # before anything is copied
        with self.making(name) as target, appearing(target) as half:
            (half / FILES).mkdir()
            files = tuple(manifest.taken(folder / file, half / FILES, meter) for file in chosen)
            kind = model_files.check(half / FILES, chosen)
            manifest.write(half, Manifest(name, kind, f"{source.resolve()}", files))
        return self.entry(name)

    def verify(self, name: str, progress: Progress) -> Entry:
        """Reads every byte again; what was found stays written in the manifest."""
        with self._changing(name) as target:
            found = self._manifest(target)
            meter = Meter(found.size, progress)
            bad = [f.name for f in found.files if not _is_whole(target / FILES / f.name, f, meter)]
            failed = f"altered: {', '.join(bad)}; remove it, and get it again" if bad else None
            manifest.write(target, replace(found, failed=failed))
        return self.entry(name)

    def remove(self, name: str) -> None:
        """Whatever there is of it."""
        with self._changing(name) as target:
            gone = target.with_name(f".{name}.gone")
            shutil.rmtree(gone, ignore_errors=True)
            if target.is_dir():
                target.rename(gone)  # at once: nobody sees half of it
            for rest in (gone, unfinished(target)):
                shutil.rmtree(rest, ignore_errors=True)

    @contextmanager
    def making(self, name: str) -> Iterator[Path]:
        """The folder that will be the new model `name`, which nobody else can make meanwhile."""
        with self._alone(name) as target:
            if target.exists():
                raise StoreError(f"There is a model {name} already: remove it, or choose a name.")
            yield target

    def finish(self, half: Path, found: Manifest) -> Entry:
        """Makes what lies in `half` visible, for whoever is `making` it."""
        manifest.write(half, found)
        publish(half, self._target(found.name))
        return self.entry(found.name)

    @contextmanager
    def _changing(self, name: str) -> Iterator[Path]:
        target = self._target(name)
        if not target.is_dir() and not unfinished(target).is_dir():
            raise StoreError(f"There is no model {name}: see 'hearth models list'.")
        with self._alone(name):
            yield target

    @contextmanager
    def _alone(self, name: str) -> Iterator[Path]:
        target = self._target(name)
        try:
            with locked(target, wait=False):
                yield target
        except Busy as exc:
            raise StoreError(f"Somebody else works on the model {name} just now.") from exc
        except OSError as exc:
            raise StoreError(f"The model {name} cannot be kept: {exc.strerror}.") from exc

    def _manifest(self, target: Path) -> Manifest:
        try:
            return manifest.read(target)
        except ModelRefused as exc:
            raise StoreError(exc.message) from exc

    def _target(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise StoreError(f"{name!r} is no name for a model: letters, digits, '.', '_' and '-'.")
        return self.folder / name


def _judged(name: str, folder: Path) -> Entry:
    """By its manifest and the sizes of its files: no byte of them is read."""
    try:
        found = manifest.read(folder)
    except ModelRefused as exc:
        return Entry(name, "failed", exc.message)
    if found.failed:
        return Entry(name, "failed", found.failed, found)
    for file in found.files:
        path = folder / FILES / file.name
        if not path.is_file() or path.stat().st_size != file.size:
            return Entry(name, "failed", f"{file.name} is missing or cut", found)
    return Entry(name, "ready", "", found)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _is_whole(path: Path, expected: manifest.ModelFile, meter: Meter) -> bool:
    try:
        return manifest.hashed(path, meter) == expected
    except OSError:
        return False
