"""The process that is supervised: `python -m serve.app`, its words, and its end."""

import json
import logging
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from queue import Empty, SimpleQueue

from serve.supervisor.processes import die_with_parent

APP = (sys.executable, "-m", "serve.app")
ROOT = Path(__file__).parents[2]

Said = tuple[str, str]  # state and detail, as in serve/app.py


class Child:
    """Started by the constructor, in a session of its own: a terminal's Ctrl-C is not for it.

    It gets SIGTERM from the kernel when this process dies, however that happens.
    """

    def __init__(
        self, command: tuple[str, ...], environment: Mapping[str, str], log: logging.Logger
    ) -> None:
        self._log = log
        self._said: SimpleQueue[Said] = SimpleQueue()
        self._started = time.monotonic()
        self._process = subprocess.Popen(
            command,
            env=environment,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
            preexec_fn=_in_child,
        )
        self._pump(self._process.stdout, self._hear)
        self._pump(self._process.stderr, lambda line: log.info("app: %s", line))

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def uptime(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._started

    def exit_code(self) -> int | None:
        return self._process.poll()

    def heard(self) -> list[Said]:
        """What it said since the last call."""
        said = []
        while True:
            try:
                said.append(self._said.get_nowait())
            except Empty:
                return said

    def ask_to_stop(self) -> None:
        if self.exit_code() is None:
            self._process.send_signal(signal.SIGTERM)

    def _hear(self, line: str) -> None:
        try:
            words = json.loads(line)
            self._said.put((str(words["state"]), str(words["detail"])))
        except (ValueError, KeyError, TypeError):
            self._log.info("app: %s", line)

    @staticmethod
    def _pump(stream: Iterable[str] | None, take: Callable[[str], None]) -> None:
        """A full pipe would stop the child, so a thread empties it."""

        def run() -> None:
            for line in stream or ():
                take(line.rstrip("\n"))

        threading.Thread(target=run, daemon=True).start()


def _in_child() -> None:
    die_with_parent()
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
