"""A supervisor in a process of its own, over a stand-in for the appliance."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from serve.config import RUN_MARK
from serve.supervisor.place import Place
from serve.supervisor.processes import belonging

STANDIN = Path(__file__).with_name("standin.py")
PROGRAM = """
import sys
from serve.config import load
from serve.supervisor.launch import supervise
print_ready = lambda: print("announced", flush=True)
say = lambda line: print(line, flush=True)
try:
    sys.exit(supervise(load(), None, say, print_ready, tuple(sys.argv[1:])))
except Exception as exc:
    print(type(exc).__name__, exc, flush=True)
    sys.exit(9)
"""
DEADLINE = 30.0


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@dataclass
class Supervised:
    """A data directory, its port, and the supervisors that a test starts there."""

    folder: Path
    port: int
    supervisors: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def place(self) -> Place:
        return Place(self.folder)

    def start(self, *wishes: str) -> subprocess.Popen[str]:
        standin = [sys.executable, str(STANDIN), str(self.port), str(self.folder), *wishes]
        place = {"HEARTH_HOME": str(self.folder), "HEARTH_PORT": str(self.port)}
        environment = os.environ | place | {"HEARTH_GATEWAY__DRAIN_SECONDS": "1"}
        supervisor = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *standin],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.supervisors.append(supervisor)
        return supervisor

    def start_and_wait(self, *wishes: str) -> subprocess.Popen[str]:
        supervisor = self.start(*wishes)
        eventually(lambda: self.is_ready(supervisor))
        return supervisor

    def is_ready(self, supervisor: subprocess.Popen[str]) -> bool:
        assert supervisor.poll() is None, supervisor.communicate()[0]
        state = self.place.state()
        return state.pid == supervisor.pid and state.phase == "ready"

    def starts(self) -> list[int]:
        """Process ids of the stand-ins so far."""
        file = self.folder / "starts"
        return [int(line) for line in file.read_text().split()] if file.exists() else []

    def remaining(self) -> list[psutil.Process]:
        return belonging(RUN_MARK, str(self.folder), self.folder)
