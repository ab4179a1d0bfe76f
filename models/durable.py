"""Folders that appear whole or not at all, whatever dies in between.

Work goes on in a hidden folder beside the target, which a rename makes visible when everything
in it is on the disk. Whoever works on a target holds its lock, which the kernel lets go when the
process dies; so what lies there unfinished when the lock is got belongs to nobody.
"""

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

PATIENCE: Final = 0.3  # seconds


class Busy(Exception):
    """Somebody else works on this target."""


@contextmanager
def locked(target: Path, *, wait: bool) -> Iterator[None]:
    """Alone with `target`, among all processes. Raises `Busy` where it is not to wait."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with lock_of(target).open("a") as lock:
        if wait:
            fcntl.flock(lock.fileno(), fcntl.LOCK_EX)
        elif not _lock(lock.fileno()):
            raise Busy
        yield


def is_locked(target: Path) -> bool:
    """Whether somebody works on `target` at this moment."""
    try:
        with lock_of(target).open("rb") as lock:
            return not _try_lock(lock.fileno())
    except FileNotFoundError:
        return False


@contextmanager
def appearing(target: Path) -> Iterator[Path]:
    """An empty folder to fill; it is `target` afterwards, or nothing is left of it on an error.

    The caller holds the lock of `target`, which does not exist. `OSError` when there is no room.
    """
    half = unfinished(target)
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(mode=0o700)
    try:
        yield half
        publish(half, target)
    finally:
        shutil.rmtree(half, ignore_errors=True)


def publish(half: Path, target: Path) -> None:
    """Makes a folder visible under its name once all that it holds is on the disk."""
    for path in (*half.rglob("*"), half):
        _sync(path)
    half.rename(target)
    _sync(target.parent)


def unfinished(target: Path) -> Path:
    return target.with_name(f".{target.name}.part")


def lock_of(target: Path) -> Path:
    return target.with_name(f".{target.name}.lock")


def _lock(descriptor: int) -> bool:
    """Tries for a moment: whoever asks whether there is a lock holds it for an instant."""
    deadline = time.monotonic() + PATIENCE
    while not (got := _try_lock(descriptor)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return got


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
