"""Gets a model from the Hugging Face Hub (or a mirror) into the store, and goes on after a break.

What came so far stays hidden beside the models; the rest is asked for with a range (RFC 9110,
section 14). `huggingface_hub` itself begins a file again in every process.
"""

import hashlib
import json
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from models.durable import unfinished
from models.errors import ModelRefused
from models.progress import Meter, Progress
from models.store import model_files
from models.store.hub import Hub, HubFile, HubInterrupted, HubRefused, Repository
from models.store.manifest import CHUNK_BYTES, Manifest, ModelFile
from models.store.store import FILES, Entry, Store, StoreError

TRIES: Final = 5
"""In a row without a single byte."""

SPARE_BYTES: Final = 200_000_000
_ORIGIN: Final = "origin.json"


@dataclass(frozen=True, slots=True)
class Wanted:
    """`file` names one GGUF of a repository that has several; `name` is what it is called here."""

    repository: str
    revision: str = "main"
    file: str | None = None
    name: str | None = None

    @property
    def local_name(self) -> str:
        return self.name or (self.file or self.repository.split("/")[-1]).removesuffix(".gguf")


def pull(store: Store, hub: Hub, wanted: Wanted, progress: Progress, pause: float = 1.0) -> Entry:
    """`pause` in seconds, before a connection that broke off is made again.

    Raises `StoreError` when the model did not come (pulling again goes on where it stopped), and
    `ModelRefused` when it is not one that can be used.
    """
    try:
        with store.making(wanted.local_name) as target:
            repository = hub.repository(wanted.repository, wanted.revision)
            half = unfinished(target)
            files = _prepared(half, repository, wanted)
            _require_space(half, files)
            transfer = _Transfer(hub, repository, half / FILES, pause)
            return store.finish(half, transfer.run(files, wanted.local_name, progress))
    except (HubRefused, HubInterrupted) as exc:
        raise StoreError(str(exc.args[0])) from exc


def _prepared(half: Path, repository: Repository, wanted: Wanted) -> list[HubFile]:
    """What to get, the small first. What lies there of another commit goes."""
    names = model_files.choose([file.name for file in repository.files], wanted.file)
    origin = json.dumps([repository.name, repository.commit, wanted.file])
    note = half / _ORIGIN
    if not note.is_file() or note.read_text() != origin:
        shutil.rmtree(half, ignore_errors=True)
        (half / FILES).mkdir(mode=0o700, parents=True)
        note.write_text(origin)
    known = {file.name: file for file in repository.files}
    return [known[name] for name in names]


def _require_space(half: Path, files: list[HubFile]) -> None:
    here = sum(path.stat().st_size for path in (half / FILES).iterdir())
    lacking = sum(file.size for file in files) - here + SPARE_BYTES - shutil.disk_usage(half).free
    if lacking > 0:
        raise StoreError(f"The disk is too small for it: {lacking / 1e9:.1f} GB are missing.")


class _Transfer:
    """The way of one repository's files into `folder`."""

    def __init__(self, hub: Hub, repository: Repository, folder: Path, pause: float) -> None:
        self._hub = hub
        self._repository = repository
        self._folder = folder
        self._pause = pause

    def run(self, files: list[HubFile], name: str, progress: Progress) -> Manifest:
        """Raises `ModelRefused` as soon as it is known; nothing is kept then."""
        names = [file.name for file in files]
        meter = Meter(sum(file.size for file in files), progress)
        texts = [file for file in files if not file.name.endswith(model_files.WEIGHTS)]
        weights = [file for file in files if file not in texts]
        try:
            got = [self._get(file, meter) for file in texts]
            if texts:
                model_files.check_texts(self._folder, names)
            got += [self._get(file, meter) for file in weights]
            kind = model_files.check(self._folder, names)
        except ModelRefused:
            shutil.rmtree(self._folder.parent)
            raise
        (self._folder.parent / _ORIGIN).unlink()
        source, repository = self._repository.name, self._repository
        return Manifest(name, kind, source, tuple(got), repository.commit, repository.licence)

    def _get(self, file: HubFile, meter: Meter) -> ModelFile:
        with (self._folder / file.name).open("a+b") as out:
            arrival = _Arrival(out, file, meter)
            failures = 0
            while arrival.size < file.size:
                before = arrival.size
                try:
                    self._go_on(arrival, file)
                except HubInterrupted:
                    failures = failures + 1 if arrival.size == before else 0
                    if failures == TRIES:
                        raise
                    time.sleep(self._pause)
            return arrival.judged()

    def _go_on(self, arrival: "_Arrival", file: HubFile) -> None:
        with self._hub.content(self._repository, file, arrival.size) as (start, chunks):
            if start < arrival.size:
                arrival.restart()
            for chunk in chunks:
                arrival.take(chunk)
        if arrival.size < file.size:
            raise HubInterrupted("The Hub sends less than it promised.")


class _Arrival:
    """A file that comes in pieces, hashed on the way; what is there already is read again."""

    def __init__(self, out: BinaryIO, file: HubFile, meter: Meter) -> None:
        self._out = out
        self._file = file
        self._meter = meter
        self._begin()
        out.seek(0)
        while chunk := out.read(CHUNK_BYTES):
            self._count(chunk)

    def take(self, chunk: bytes) -> None:
        if self.size + len(chunk) > self._file.size:
            raise self._altered()
        self._out.write(chunk)
        self._count(chunk)

    def restart(self) -> None:
        self._out.truncate(0)
        self._meter.add(-self.size)
        self._begin()

    def judged(self) -> ModelFile:
        """Raises `StoreError` when it is not what the Hub says; nothing of it is kept then."""
        file, sha256 = self._file, self._sha256.hexdigest()
        right = sha256 == file.sha256 if file.sha256 else self._git.hexdigest() == file.git_sha1
        if not right or self.size != file.size:
            raise self._altered()
        return ModelFile(file.name, file.size, sha256)

    def _begin(self) -> None:
        """Git hashes a file behind its kind and size."""
        self.size = 0
        self._sha256 = hashlib.sha256()
        self._git = hashlib.sha1(b"blob %d\0" % self._file.size, usedforsecurity=False)

    def _count(self, chunk: bytes) -> None:
        self.size += len(chunk)
        self._sha256.update(chunk)
        self._git.update(chunk)
        self._meter.add(len(chunk))

    def _altered(self) -> StoreError:
        self._out.truncate(0)
        return StoreError(f"{self._file.name} is not what the Hub says: pull it again.")
