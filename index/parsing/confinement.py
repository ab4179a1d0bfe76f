"""What a process that parses may not do (Linux).

On every Linux: no more memory, CPU time, open files or written bytes than the limits say, no core
file, no new privileges, low priority, death with its parent; and Python code can
neither connect, listen, start programs nor write files (an audit hook).
Where the kernel lets us (root, or user namespaces): a network of its own, with nothing in it, so
that native code has none either. Where it has Landlock (Linux 5.13): no file can be opened but
the Python libraries. Without these two, native code that an attacker has taken over is held by
the limits alone.
"""

import ctypes
import os
import resource
import signal
import struct
import sys
from pathlib import Path
from typing import Any, Final

_NICE: Final = 5  # more, and a busy machine gives a parser nothing in its time
_PR_SET_PDEATHSIG: Final = 1
_PR_SET_NO_NEW_PRIVS: Final = 38
_CLONE_NEWUSER: Final = 0x10000000
_CLONE_NEWNET: Final = 0x40000000
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every architecture
_ASK_VERSION: Final = 1
_BENEATH: Final = 1
_READ_FILE, _READ_FOLDER = 1 << 2, 1 << 3
_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}  # bits by Landlock's version
_NETWORK_RIGHTS: Final = 0b11
_LIBRARIES: Final = ("/usr/lib", "/usr/local/lib", "/lib", "/lib64", "/etc/ld.so.cache")
_PACKAGES: Final = ("site-packages", "dist-packages")
_OPEN_FILES: Final = 64
_REFUSED: Final = frozenset(
    [
        "socket.bind",
        "socket.connect",
        "socket.getaddrinfo",
        "socket.gethostbyname",
        "socket.sendto",
        "subprocess.Popen",
        "os.system",
        "os.exec",
        "os.posix_spawn",
        "os.spawn",
        "os.fork",
        "os.forkpty",
    ]
)
_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT

_libc = ctypes.CDLL(None, use_errno=True)


def seclude() -> None:
    """Of the process and all that it starts from now on: no network, low priority, no core."""
    os.nice(_NICE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if _libc.unshare(_CLONE_NEWNET) != 0:
        _libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)


def die_with(parent: int) -> None:
    """Ends this process when its `parent` ends, or at once where that has already ended."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def confine(memory: int, seconds: int, folders: list[Path]) -> None:
    """Of this process, for good. It may still read the Python libraries and what is in `folders`.

    `memory` in bytes over what it has; `seconds` of CPU time, and a little more on the clock.
    """
    signal.alarm(seconds + 2)  # if whoever should end it is gone or stuck
    total = _address_space() + memory
    _limit(resource.RLIMIT_AS, total)
    _limit(resource.RLIMIT_DATA, total)
    _limit(resource.RLIMIT_CPU, seconds)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_NOFILE, _OPEN_FILES)
    _close_files(folders)
    sys.addaudithook(_refuse)


def _limit(what: int, value: int) -> None:
    """As low as `value`, or lower where it is already."""
    _, hard = resource.getrlimit(what)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(what, (value, value))


def _address_space() -> int:
    """Of this process, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event in _REFUSED or (event == "open" and _writes(arguments[2])):
        raise PermissionError(f"{event} while a file is parsed")


def _writes(flags: Any) -> bool:
    return isinstance(flags, int) and bool(flags & _WRITING)


def _close_files(folders: list[Path]) -> None:
    """With Landlock: nothing outside the libraries can be opened. Does nothing without it."""
    version = _libc.syscall(_CREATE_RULESET, None, 0, _ASK_VERSION)
    if version < 1:
        return
    rights = (1 << _RIGHTS[min(version, 5)]) - 1
    network = struct.pack("=Q", _NETWORK_RIGHTS) if version >= 4 else b""
    handled = struct.pack("=Q", rights) + network
    rules = _libc.syscall(_CREATE_RULESET, handled, len(handled), 0)
    if rules < 0:
        return
    for path in (*folders, *_python_folders(), *map(Path, _LIBRARIES)):
        _allow_reading(rules, path)
    _libc.syscall(_RESTRICT_SELF, rules, 0)
    os.close(rules)


def _python_folders() -> list[Path]:
    """Where modules are found, without the folders that hold other things beside them."""
    python = Path(sys.base_prefix)
    paths = map(Path, sys.path)
    return [p for p in paths if p.name in _PACKAGES or (p != python and p.is_relative_to(python))]


def _allow_reading(rules: int, path: Path) -> None:
    try:
        descriptor = os.open(path, os.O_PATH)
    except OSError:
        return
    rights = _READ_FILE | (_READ_FOLDER if path.is_dir() else 0)
    rule = struct.pack("=Qi", rights, descriptor)
    _libc.syscall(_ADD_RULE, rules, _BENEATH, rule, 0)
    os.close(descriptor)
