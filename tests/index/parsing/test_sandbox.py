"""Files are parsed in processes of their own, which end when they should."""

import asyncio
import ctypes
import json
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from index.errors import ParseRefused
from index.parsing.limits import MIB, ParseLimits
from index.parsing.reading import parse_bytes
from index.parsing.sandbox import Parsers, parse
from tests.index.parsing import bombs, samples

ROOT = Path(__file__).parents[3]


@pytest_asyncio.fixture
async def parsers() -> AsyncIterator[Parsers]:
    async with Parsers() as running:
        yield running
    assert services() == []


@pytest.fixture
def bomb(tmp_path: Path) -> Path:
    """It takes longer than any test."""
    return written(tmp_path / "bomb.pdf", bombs.pdf_that_doubles())


def written(file: Path, data: bytes) -> Path:
    file.write_bytes(data)
    return file


def services() -> list[psutil.Process]:
    """The processes that start those that parse; other tests have left some of theirs here."""
    found = []
    for process in psutil.Process().children():
        with suppress(psutil.Error):  # it has ended
            if "index.parsing.child" in " ".join(process.cmdline()):
                found.append(process)
    return found


async def forks(count: int) -> list[psutil.Process]:
    """The processes that parse, once there are so many."""
    async with asyncio.timeout(20):
        while True:
            below = [fork for service in services() for fork in service.children()]
            if len(below) == count:
                return below
            await asyncio.sleep(0.01)


async def test_a_file_gives_what_it_gives_in_this_process(parsers: Parsers, tmp_path: Path) -> None:
    for name, data in samples.every_format().items():
        file = written(tmp_path / "stored-under-another-name", data)
        assert await parsers.parse(file, name) == parse_bytes(data, name)


async def test_a_refusal_comes_across(parsers: Parsers, tmp_path: Path) -> None:
    file = written(tmp_path / "a", samples.pdf(password="x"))
    with pytest.raises(ParseRefused) as refusal:
        await parsers.parse(file, "a")
    assert refusal.value.code == "encrypted"


async def test_one_file_needs_no_more_than_a_call(tmp_path: Path) -> None:
    (document,) = await parse(written(tmp_path / "a", samples.TEXT), "a.txt")
    assert document.name == "a.txt"
    assert services() == []


async def test_many_files_share_a_process_but_none_is_left(
    parsers: Parsers, tmp_path: Path
) -> None:
    files = [written(tmp_path / f"{i}.txt", b"text %d" % i) for i in range(40)]
    found = await asyncio.gather(*(parsers.parse(file, file.name) for file in files))
    assert [documents[0].text for documents in found] == [f"text {i}" for i in range(40)]
    assert len(services()) == 1
    await forks(0)


async def test_cancelling_ends_the_process(parsers: Parsers, bomb: Path) -> None:
    task = asyncio.create_task(parsers.parse(bomb, "a.pdf"))
    (fork,) = await forks(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.to_thread(psutil.wait_procs, [fork], 10)
    assert await forks(0) == []


async def test_a_file_that_hangs_is_ended_and_the_next_is_read(tmp_path: Path, bomb: Path) -> None:
    async with Parsers(ParseLimits(seconds=1.0)) as parsers:
        with pytest.raises(ParseRefused) as refusal:
            await parsers.parse(bomb, "a.pdf")
        assert refusal.value.code == "too_slow"
        assert await parsers.parse(written(tmp_path / "a", samples.TEXT), "a.txt")
        await forks(0)


async def test_a_crash_is_a_refusal_of_this_file_alone(parsers: Parsers, bomb: Path) -> None:
    first = asyncio.create_task(parsers.parse(bomb, "a.pdf"))
    (fork,) = await forks(1)
    second = asyncio.create_task(parsers.parse(written(bomb.with_name("b"), samples.TEXT), "b.txt"))
    assert (await second)[0].title == "Maintenance"
    fork.send_signal(signal.SIGSEGV)
    with pytest.raises(ParseRefused, match="cannot be read") as refusal:
        await first
    assert refusal.value.code == "damaged"


async def test_too_much_memory_is_a_refusal(tmp_path: Path) -> None:
    file = written(tmp_path / "a", b"word and " * 8_000_000)
    async with Parsers(ParseLimits(memory=64 * MIB)) as parsers:
        with pytest.raises(ParseRefused) as refusal:
            await parsers.parse(file, "a.txt")
    assert refusal.value.code == "too_large"


@pytest.mark.parametrize("limits", [ParseLimits(file=1000), ParseLimits(output=1000)])
async def test_a_file_and_its_text_may_not_be_too_large(
    limits: ParseLimits, tmp_path: Path
) -> None:
    with pytest.raises(ParseRefused) as refusal:
        await parse(written(tmp_path / "a", b"word " * 1000), "a.txt", limits)
    assert refusal.value.code == "too_large"


async def test_a_service_that_dies_is_replaced(parsers: Parsers, tmp_path: Path) -> None:
    file = written(tmp_path / "a", samples.TEXT)
    assert await parsers.parse(file, "a.txt")
    for _ in range(3):
        (service,) = services()
        service.kill()
        service.wait(10)  # so that nothing can be sent to it, and the loop does not know yet
        assert await parsers.parse(file, "a.txt")


async def test_a_service_that_dies_with_a_file_is_tried_once_more(
    parsers: Parsers, bomb: Path
) -> None:
    task = asyncio.create_task(parsers.parse(bomb, "a.pdf"))
    (first,) = await forks(1)
    first.parent().kill()
    # Not until it is reaped: whoever inherits it may take longer than the next one may parse.
    async with asyncio.timeout(20):
        while (second := (await forks(1))[0]) == first:
            await asyncio.sleep(0.01)
    second.parent().kill()
    with pytest.raises(ParseRefused, match="ended from outside"):
        await task


async def test_a_file_that_is_not_there_is_an_error_of_its_own(parsers: Parsers) -> None:
    with pytest.raises(FileNotFoundError):
        await parsers.parse(Path("/nowhere/a.txt"), "a.txt")


def test_everything_ends_with_the_process_that_asked(bomb: Path) -> None:
    program = (
        "import asyncio, sys; from pathlib import Path; from index.parsing.sandbox import parse\n"
        "asyncio.run(parse(Path(sys.argv[1]), 'a.pdf'))"
    )
    asking = subprocess.Popen([sys.executable, "-c", program, bomb], cwd=ROOT)
    parent = psutil.Process(asking.pid)
    while len(below := parent.children(recursive=True)) < 2:
        psutil.wait_procs(below, 0.02)
    asking.kill()
    asking.wait(10)
    assert psutil.wait_procs(below, 10)[1] == []


PROBE = """
import ctypes, json, os, socket, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from index.parsing.confinement import confine, seclude
seclude()
confine(64 * 1024 * 1024, 5, [])
def tried(action):
    try:
        return bool(action()) or "done"
    except (OSError, MemoryError) as error:
        return type(error).__name__
libc = ctypes.CDLL(None, use_errno=True)
def connects():
    port = int(sys.argv[1]).to_bytes(2, "big")
    address = (2).to_bytes(2, "little") + port + bytes([127, 0, 0, 1]) + bytes(8)
    return libc.connect(libc.socket(2, 1, 0), address, 16) == 0
print(json.dumps({
    "native": connects(),
    "connect": tried(lambda: socket.create_connection(("127.0.0.1", int(sys.argv[1])), 2)),
    "lookup": tried(lambda: socket.getaddrinfo("example.com", 80)),
    "start": tried(lambda: os.system("true")),
    "fork": tried(lambda: os.fork()),
    "write": tried(lambda: open("/tmp/written-by-a-parser", "w")),
    "read": tried(lambda: open("/etc/hostname").read()),
    "library": tried(lambda: __import__("colorsys")),
    "memory": tried(lambda: bytes(200 * 1024 * 1024)),
}))
"""


def probed() -> dict[str, object]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        command = [sys.executable, "-c", PROBE, str(server.getsockname()[1]), str(ROOT)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_a_confined_process_reaches_nothing() -> None:
    found = probed()
    refused = ("connect", "lookup", "start", "fork", "write")
    assert [found[name] for name in refused] == ["PermissionError"] * 5
    assert found["memory"] == "MemoryError"
    assert found["library"] is True
    if landlock() >= 1:
        assert found["read"] == "PermissionError"
    if landlock() >= 4:
        assert found["native"] is False


def landlock() -> int:
    """The version that this kernel has; negative without it."""
    return int(ctypes.CDLL(None).syscall(444, None, 0, 1))


ORPHAN = """
import os, sys, time
sys.path.insert(0, sys.argv[1])
from index.parsing.confinement import die_with
parent = os.getpid()
if os.fork() == 0:
    while os.getppid() == parent:
        time.sleep(0.001)
    {die}
    print("lives on", flush=True)
"""


@pytest.mark.parametrize(("die", "left"), [("die_with(parent)", ""), ("", "lives on\n")])
def test_a_process_whose_parent_ended_before_it_was_bound_to_it_ends(die: str, left: str) -> None:
    program = [sys.executable, "-c", ORPHAN.format(die=die), ROOT]
    found = subprocess.run(program, capture_output=True, text=True, timeout=30, check=True)
    assert found.stdout == left
