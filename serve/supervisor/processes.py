"""Processes of one appliance: found even when nobody is left to know them, and ended (Linux).

Two nets. A supervisor is a "child subreaper" (prctl(2)): whatever its descendants leave behind
becomes its own child. And every process carries the mark of its data directory in its
environment, by which the next supervisor finds what one that was killed could not end.
"""

import ctypes
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
RAY_TITLE = "ray::"
PAUSE = 0.05  # seconds between looks

_libc = ctypes.CDLL(None, use_errno=True)

Finder = Callable[[], list[psutil.Process]]


def become_subreaper() -> None:
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent() -> None:
    """Asks for SIGTERM when the parent dies. Runs in a child between fork and exec."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _prctl(option: int, value: int) -> None:
    if _libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def descendants() -> list[psutil.Process]:
    """Everything below this process that still runs."""
    return [p for p in psutil.Process().children(recursive=True) if _runs(p)]


def belonging(variable: str, value: str, folder: Path) -> list[psutil.Process]:
    """Other processes that carry the mark, what is below them, and Ray's with files in `folder`.

    Ray's workers write their title over their environment, so one whose parent is gone shows no
    mark; but its log is in Ray's session folder.
    """
    others = [p for p in psutil.process_iter() if p.pid != os.getpid()]
    roots = [p for p in others if _has(p, variable, value) or _logs_to(p, folder)]
    below = [child for root in roots for child in _children(root)]
    return [p for p in {*roots, *below} if p.pid != os.getpid() and _runs(p)]


def end_all(find: Finder, patience: float) -> list[psutil.Process]:
    """Ends what `find` finds: SIGTERM, `patience` seconds, SIGKILL. Returns what will not go."""
    for process in find():
        _send(process, signal.SIGTERM)
    _wait_for_none(find, patience)
    for process in find():
        _send(process, signal.SIGKILL)
    _wait_for_none(find, 5.0)
    return find()


def reap(spared: int) -> None:
    """Buries the dead orphans that became our children, all but the process `spared`."""
    for child in psutil.Process().children():
        if child.pid != spared and not _runs(child):
            _bury(child.pid)


def _wait_for_none(find: Finder, patience: float) -> None:
    deadline = time.monotonic() + patience
    while find() and time.monotonic() < deadline:
        time.sleep(PAUSE)


def _bury(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return


def _send(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return


def _runs(process: psutil.Process) -> bool:
    try:
        return bool(process.status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD))
    except psutil.NoSuchProcess:
        return False


def _has(process: psutil.Process, variable: str, value: str) -> bool:
    try:
        return bool(process.environ().get(variable) == value)
    except (psutil.Error, OSError):
        return False


def _logs_to(process: psutil.Process, folder: Path) -> bool:
    try:
        if not process.cmdline()[:1] or not process.cmdline()[0].startswith(RAY_TITLE):
            return False
        return any(Path(file.path).is_relative_to(folder) for file in process.open_files())
    except (psutil.Error, OSError):
        return False


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return list(process.children(recursive=True))
    except psutil.Error:
        return []
