"""The process in which files are parsed; `index.parsing.sandbox` starts it and speaks to it.

It takes orders on a socket: a number and a name, with two descriptors, the file and where its
documents are to be written. It never looks into a file: each is parsed by a fork of its own, so
no file meets another, and what a format needs is imported once. It has one thread. It ends when
its parent does (the socket closes), and by itself when nothing was asked for a while.
"""

import json
import math
import os
import select
import signal
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from index.errors import ParseRefused
from index.parsing import wire
from index.parsing.confinement import confine, die_with, seclude
from index.parsing.formats import likely
from index.parsing.limits import MIB, ParseLimits
from index.parsing.reading import parse_bytes

IDLE: Final = 60.0  # seconds
MESSAGE_BYTES: Final = 8192
_PACKAGE: Final = Path(__file__).parents[1]


def main(control: int, limits: ParseLimits) -> None:
    """Serves until the other end of the socket `control` is closed, or nothing is asked."""
    seclude()
    with socket.socket(fileno=control) as connection:
        _Server(connection, limits).serve()


@dataclass(frozen=True, slots=True)
class _Fork:
    number: int
    pid: int
    handle: int  # a descriptor that becomes readable when it ends


class _Server:
    def __init__(self, control: socket.socket, limits: ParseLimits) -> None:
        self._control = control
        self._limits = limits
        self._forks: dict[int, _Fork] = {}  # by handle
        self._poll = select.poll()
        self._poll.register(control, select.POLLIN)

    def serve(self) -> None:
        try:
            while self._step():
                pass
        finally:
            for fork in self._forks.values():
                _kill(fork)

    def _step(self) -> bool:
        """Whether to go on."""
        events = self._poll.poll(IDLE * 1000)
        ended = [self._forks[fd] for fd, _ in events if fd in self._forks]
        for fork in ended:
            self._bury(fork)
        if len(events) > len(ended):
            return self._obey()
        return bool(events or self._forks)

    def _obey(self) -> bool:
        message, descriptors, _, _ = socket.recv_fds(self._control, MESSAGE_BYTES, 2)
        if not message:
            return False
        order: dict[str, Any] = json.loads(message)
        if "stop" in order:
            for fork in self._forks.values():
                if fork.number == order["stop"]:
                    _kill(fork)
            return True
        self._start(order, *descriptors)
        return True

    def _start(self, order: dict[str, Any], file: int, result: int) -> None:
        with suppress(ImportError):  # a fork that needs it says so
            likely(order["name"]).reader()
        service = os.getpid()
        pid = os.fork()
        if pid == 0:
            die_with(service)
            self._control.close()
            _parse(file, result, order["name"], self._limits)
        os.close(file)
        os.close(result)
        handle = os.pidfd_open(pid)
        self._forks[handle] = _Fork(order["number"], pid, handle)
        self._poll.register(handle, select.POLLIN)

    def _bury(self, fork: _Fork) -> None:
        _, status, usage = os.wait4(fork.pid, 0)
        del self._forks[fork.handle]
        self._poll.unregister(fork.handle)
        os.close(fork.handle)
        code = os.waitstatus_to_exitcode(status)
        end = {"number": fork.number, "code": code, "memory": usage.ru_maxrss * 1024}
        with suppress(OSError):  # nobody wants to know
            self._control.send(json.dumps(end).encode())


def _kill(fork: _Fork) -> None:
    """Not yet waited for, so its number is no other's."""
    os.kill(fork.pid, signal.SIGKILL)


def _parse(file: int, result: int, name: str, limits: ParseLimits) -> None:
    """In the fork; never returns."""
    code = 1
    try:
        os.setsid()
        confine(limits.memory, math.ceil(limits.seconds), [_PACKAGE])
        _write(result, _outcome(file, name, limits))
        code = 0
    finally:
        os._exit(code)


def _outcome(file: int, name: str, limits: ParseLimits) -> bytes:
    try:
        with open(file, "rb") as source:
            documents = parse_bytes(_content(source, limits), name, limits)
        found = wire.written(documents)
        if len(found) > limits.output:
            raise ParseRefused("The file has too much text: split it.", "too_large")
        return found
    except MemoryError:
        message = "The file needs too much memory: split it into smaller files."
        return wire.refusal_written(ParseRefused(message, "too_large"))
    except ParseRefused as refusal:
        return wire.refusal_written(refusal)


def _content(source: Any, limits: ParseLimits) -> bytes:
    data: bytes = source.read(limits.file + 1)
    if len(data) > limits.file:
        most = f"{limits.file // MIB} MiB"
        raise ParseRefused(f"The file has more than {most}: split it.", "too_large")
    return data


def _write(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
