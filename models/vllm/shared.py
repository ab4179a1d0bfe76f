"""What a killed engine leaves in shared memory, removed before the next one loads.

Python's own tracker would do that, unless it is killed with the rest, as it is with a replica that
dies. So an engine that has loaded notes what its processes map: of what was noted, the same file
that nobody maps any more is a dead engine's.
"""

import os
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil

FOLDER: Final = Path("/dev/shm")
_MAPPED: Final = re.compile(rf"{FOLDER}/(psm_\w+)$", re.M)
_NOTED: Final = re.compile(r"^(psm_\w+) (\d+)$", re.M)  # a name and its inode


def note(kept: Path, processes: Iterable[psutil.Process]) -> None:
    """In the folder `kept`, of an engine's `processes`. Raises `OSError`."""
    lines = [f"{name} {inode}\n" for name in sorted(_mapped(processes)) if (inode := _inode(name))]
    kept.mkdir(mode=0o700, parents=True, exist_ok=True)
    (kept / f"shared-{os.getpid()}").write_text("".join(lines))


def sweep(kept: Path) -> None:
    """Removes what was noted in `kept` and is nobody's any more. Raises `OSError`."""
    notes = list(kept.glob("shared-*"))
    mapped = _mapped(psutil.process_iter()) if notes else set()
    for each in notes:
        noted = {name: int(inode) for name, inode in _NOTED.findall(each.read_text())}
        if mapped.isdisjoint(noted):
            for name in (name for name, inode in noted.items() if inode == _inode(name)):
                (FOLDER / name).unlink(missing_ok=True)
            each.unlink(missing_ok=True)


def _mapped(processes: Iterable[psutil.Process]) -> set[str]:
    """Names of shared memory. What may not be looked at is another user's, who cannot open ours."""
    found = set[str]()
    for process in processes:
        with suppress(OSError):
            found.update(_MAPPED.findall(Path(f"/proc/{process.pid}/maps").read_text()))
    return found


def _inode(name: str) -> int | None:
    with suppress(FileNotFoundError):
        return (FOLDER / name).stat().st_ino
    return None
