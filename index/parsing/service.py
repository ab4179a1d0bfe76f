"""The parent's end of `index.parsing.child`: starts it, gives it files, hears how they ended."""

import asyncio
import itertools
import json
import os
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from index.errors import ParseRefused
from index.parsing.child import MESSAGE_BYTES
from index.parsing.limits import ParseLimits

NAME_CHARACTERS: Final = 1000
PATIENCE: Final = 5.0  # seconds for the process to end when it is told
_ROOT: Final = Path(__file__).parents[2]
_CHUNK: Final = 256 * 1024
_PROGRAM: Final = (
    "import sys, json; sys.path[:] = json.loads(sys.argv[1]); "
    "from index.parsing.child import main; from index.parsing.limits import ParseLimits; "
    "main(int(sys.argv[2]), ParseLimits(**json.loads(sys.argv[3])))"
)
# Nothing of ours, and no threads: a fork would not have them.
_ENVIRONMENT: Final = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


class ServiceLost(Exception):
    """The process that starts those that parse is gone, through no file's fault."""


@dataclass(frozen=True, slots=True)
class End:
    """How a process ended: its exit code, or minus its signal; at most so many bytes in memory."""

    code: int
    memory: int


class Job:
    """One file that is being parsed."""

    def __init__(self, number: int, pipe: int) -> None:
        self.number = number
        self.written = False  # all that will come has come
        self._end: asyncio.Future[End | None] = asyncio.get_running_loop().create_future()
        self._pipe = pipe

    async def result(self, most: int) -> bytes:
        """All that is written. Raises `ParseRefused` when it is more than `most`."""
        reader = asyncio.StreamReader()
        transport = await self._connected(reader)
        found = bytearray()
        try:
            while chunk := await reader.read(_CHUNK):
                found += chunk
                if len(found) > most:
                    raise ParseRefused("The file has too much text: split it.", "too_large")
        finally:
            transport.close()
        self.written = True
        return bytes(found)

    async def _connected(self, reader: asyncio.StreamReader) -> asyncio.BaseTransport:
        pipe = os.fdopen(self._pipe, "rb")
        try:
            transport, _ = await asyncio.get_running_loop().connect_read_pipe(
                lambda: asyncio.StreamReaderProtocol(reader), pipe
            )
        except BaseException:  # cancelled at this very moment
            pipe.close()
            raise
        return transport

    async def end(self) -> End:
        """Raises `ServiceLost`."""
        found = await self._end
        if found is None:
            raise ServiceLost
        return found

    def ended(self, end: End | None) -> None:
        if not self._end.done():
            self._end.set_result(end)


class Service:
    """Lives until `close`, or until its process ends; then it is `lost`."""

    def __init__(self, limits: ParseLimits) -> None:
        self.lost = False
        self._numbers = itertools.count()
        self._jobs: dict[int, Job] = {}
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                _command(theirs.fileno(), limits),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,  # a traceback may tell what is in a file
                env=_ENVIRONMENT,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket, self._hear)

    def start(self, file: int, name: str) -> Job:
        """Begins to parse the file of a descriptor. Raises `ServiceLost`."""
        ours, theirs = os.pipe()
        job = Job(next(self._numbers), ours)
        order = json.dumps({"number": job.number, "name": name[-NAME_CHARACTERS:]})
        try:
            socket.send_fds(self._socket, [order.encode()], [file, theirs])
        except OSError as exc:
            os.close(ours)
            self.close()  # before the loop hears of it: whoever tries again gets another one
            raise ServiceLost from exc
        finally:
            os.close(theirs)
        self._jobs[job.number] = job
        return job

    def stop(self, job: Job) -> None:
        """Ends its process, if there still is one."""
        if job.number in self._jobs and not job.written:
            with suppress(OSError):
                self._socket.send(json.dumps({"stop": job.number}).encode())

    def close(self) -> None:
        """Ends everything; `wait` for it."""
        if not self.lost:
            self.lost = True
            self._loop.remove_reader(self._socket)
            self._socket.close()
            for job in self._jobs.values():
                job.ended(None)

    def wait(self) -> None:
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _hear(self) -> None:
        try:
            message = self._socket.recv(MESSAGE_BYTES)
        except OSError:
            message = b""
        if not message:
            self.close()
            return
        told = json.loads(message)
        job = self._jobs.pop(told["number"], None)
        if job:
            job.ended(End(told["code"], told["memory"]))


def _command(control: int, limits: ParseLimits) -> list[str]:
    """A fresh interpreter that looks for modules where this one does, and nowhere else."""
    path = json.dumps([str(_ROOT), *(str(Path(entry).absolute()) for entry in sys.path)])
    options = json.dumps(asdict(limits))
    return [sys.executable, "-I", "-S", "-B", "-c", _PROGRAM, path, str(control), options]
