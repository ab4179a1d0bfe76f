"""One data directory: who runs on it, how that is going, and what it says.

lock         held (flock) as long as a supervisor lives; contains its process id
state.json   the last state that the supervisor told
logs/        hearth.log with its older parts
"""

import fcntl
import json
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Literal

LOG_BYTES = 10_000_000
LOG_PARTS = 3
LOCK_PATIENCE = 0.3  # seconds

Phase = Literal["starting", "ready", "stopping", "failed", "stopped"]


class Occupied(Exception):
    """Another supervisor runs on this data directory. `args[0]` is its process id."""


@dataclass(frozen=True, slots=True)
class State:
    """`pid` is the supervisor that tells it, `url` where it serves, `detail` is for people."""

    phase: Phase
    detail: str
    pid: int
    url: str


class Place:
    def __init__(self, data: Path) -> None:
        self.data = data
        self.log_file = data / "logs" / "hearth.log"

    @contextmanager
    def occupied(self) -> Iterator[None]:
        """Holds the lock. Raises `Occupied`; the kernel lets go when the process dies."""
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(self.data / "lock", "a+") as lock:
            if not _lock(lock.fileno()):
                raise Occupied(self.supervisor())
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            yield

    def supervisor(self) -> int | None:
        """The process id of the supervisor that runs here."""
        try:
            with open(self.data / "lock") as lock:
                return None if _try_lock(lock.fileno()) else int(lock.read() or 0)
        except FileNotFoundError:
            return None

    def tell(self, phase: Phase, detail: str, url: str) -> None:
        fresh = self.data / "state.new"
        fresh.write_text(json.dumps(asdict(State(phase, detail, os.getpid(), url))))
        fresh.replace(self.data / "state.json")

    def state(self) -> State:
        """What was told last; stopped when nothing ever was."""
        try:
            return State(**json.loads((self.data / "state.json").read_text()))
        except (OSError, ValueError, TypeError):
            return State("stopped", "Not running.", 0, "")

    def logger(self) -> logging.Logger:
        """Writes to the log file, of which a bounded part is kept."""
        self.log_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        logger = logging.Logger(f"hearth.{self.data}")
        handler = RotatingFileHandler(self.log_file, maxBytes=LOG_BYTES, backupCount=LOG_PARTS)
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        logger.addHandler(handler)
        return logger

    def last_words(self, lines: int) -> str:
        try:
            return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-lines:])
        except OSError:
            return ""


def _lock(descriptor: int) -> bool:
    """Tries for a moment: whoever asks who holds the lock holds it for an instant."""
    deadline = time.monotonic() + LOCK_PATIENCE
    while not (got := _try_lock(descriptor)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return got


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
