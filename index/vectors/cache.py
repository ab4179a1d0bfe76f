"""The nearest passages of every collection in use, and one thread that keeps them in order."""

import logging
import os
import queue
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from index.vectors import graph_file
from index.vectors.nearest import NearestPassages

LOG: Final = logging.getLogger("hearth.index")
_GROWN: Final = 1.2  # a graph is written when it has that many times the labels of its file
_NICE: Final = 5  # a graph gets a quarter of a core where all are busy
_WAIT: Final = 60.0  # seconds for the thread to notice that it is to end


@dataclass(frozen=True, slots=True)
class Key:
    """A collection's number, and the generation of its vectors."""

    collection: int
    generation: int

    @property
    def manifest(self) -> str:
        return f"{self.collection}-{self.generation}.json"


@dataclass(slots=True)
class _Slot:
    """`written`: how many labels the file has. `dropped`: nobody wants it any more."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    nearest: NearestPassages | None = None
    written: int = 0
    dropped: bool = False
    queued: bool = False


class NearestCache:
    """Graphs are kept in `folder`, where only this process writes. `close` ends its thread."""

    def __init__(self, folder: Path, few: int) -> None:
        self._few = few
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._lock = threading.Lock()
        self._slots: dict[Key, _Slot] = {}
        self._work: queue.Queue[Key | None] = queue.Queue()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def of(
        self, key: Key, dimension: int, refresh: Callable[[NearestPassages], None]
    ) -> NearestPassages:
        """What there is of it, from memory or the disk, after `refresh` with the database."""
        with self._lock:
            slot = self._slots.setdefault(key, _Slot())
        with slot.lock:
            if slot.nearest is None:
                graph = graph_file.load(self._folder / key.manifest, dimension)
                slot.written = 0 if graph is None else len(graph)
                slot.nearest = NearestPassages(dimension, graph, self._few)
        refresh(slot.nearest)
        if slot.nearest.wants_folding:
            self._enqueue(key, slot)
        return slot.nearest

    def drop(self, wanted: Callable[[Key], bool]) -> None:
        """Forgets those that are `wanted` to go, on the disk too."""
        with self._lock:
            gone = [key for key in self._slots if wanted(key)]
            slots = [self._slots.pop(key) for key in gone]
        for key, slot in zip(gone, slots, strict=True):
            slot.dropped = True
            graph_file.remove(self._folder / key.manifest)

    def sweep(self, known: Collection[Key]) -> None:
        """Removes files of collections that there are no more, and what was not finished."""
        manifests = {key.manifest for key in known}
        stems = {Path(name).stem for name in manifests}
        for path in self._folder.iterdir():
            kept = path.suffix == ".hnsw" and path.stem.rpartition("-")[0] in stems
            if not kept and path.name not in manifests:
                path.unlink(missing_ok=True)

    def settle(self) -> None:
        """Waits until all graphs that were asked for are built; however long that takes."""
        self._work.join()

    def close(self) -> None:
        """Writes what is worth it. Raises `TimeoutError` when the thread does not end."""
        self._ending.set()
        if self._thread is not None:
            self._work.put(None)
            self._thread.join(_WAIT)
            if self._thread.is_alive():
                raise TimeoutError("The thread that builds indexes did not end.")
        for key, slot in self._slots.items():
            self._save(key, slot, 1.0)

    def _enqueue(self, key: Key, slot: _Slot) -> None:
        with self._lock:
            if slot.queued or self._ending.is_set():
                return
            slot.queued = True
            self._work.put(key)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="hearth-index", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
        while (key := self._work.get()) is not None:
            try:
                self._fold(key)
            except Exception:  # searches go on without a graph
                LOG.exception("An index could not be built")
            finally:
                self._work.task_done()

    def _fold(self, key: Key) -> None:
        with self._lock:
            slot = self._slots.get(key)
            if slot is None or slot.nearest is None:
                return
            slot.queued = False
        stopped = lambda: self._ending.is_set() or slot.dropped  # noqa: E731
        before = slot.nearest.graph
        if slot.nearest.wants_folding and slot.nearest.fold(stopped):
            rebuilt = before is not slot.nearest.graph
            self._save(key, slot, 0.0 if rebuilt else _GROWN)

    def _save(self, key: Key, slot: _Slot, grown: float) -> None:
        """If the graph has more than `grown` times what the file has."""
        graph = slot.nearest.graph if slot.nearest is not None else None
        if graph is None or slot.nearest is None or len(graph) <= grown * slot.written:
            return
        try:
            graph_file.save(graph, self._folder / key.manifest, slot.nearest.dimension)
            slot.written = len(graph)
        except OSError:  # it is built again from the database at the next start
            LOG.warning("An index could not be written", exc_info=True)
        if slot.dropped:
            graph_file.remove(self._folder / key.manifest)
