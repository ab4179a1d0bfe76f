"""Reports that `hearth bench` has written, each in a folder of its own in the data directory."""

import json
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

FOLDER: Final = "benchmarks"
REPORT: Final = "report.json"
MOST: Final = 100  # reports that are listed
LARGEST: Final = 4 << 20  # bytes
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")


@dataclass(frozen=True, slots=True)
class Kept:
    """A report, by its folder's name. `at` in unix seconds, `size` in bytes."""

    name: str
    at: float
    size: int
    report: dict[str, Any]


def fresh(data: Path, now: float) -> Path:
    """Where a report of `now` (unix seconds) goes."""
    return data / FOLDER / time.strftime("%Y%m%d-%H%M%S", time.gmtime(now))


def kept(data: Path) -> list[Kept]:
    """The newest first."""
    folders = (data / FOLDER).iterdir() if (data / FOLDER).is_dir() else ()
    found = (one(data, folder.name) for folder in folders)
    return sorted(filter(None, found), key=lambda report: -report.at)[:MOST]


def one(data: Path, name: str) -> Kept | None:
    """None where there is none of this name, or it is no report. Links are not followed."""
    folder = data / FOLDER / name
    file = folder / REPORT
    if not _NAME.fullmatch(name) or folder.is_symlink() or file.is_symlink():
        return None
    with suppress(OSError, ValueError):
        about = file.stat()
        report = json.loads(file.read_bytes()) if about.st_size <= LARGEST else None
        if isinstance(report, dict):
            return Kept(name, about.st_mtime, about.st_size, report)
    return None
