"""How much memory there is: of a GPU, or of the machine, with whoever holds it."""

from dataclasses import replace
from pathlib import Path
from typing import Final

import psutil

from models.gpu.readings import Gpu
from models.memory.plan import Holder, Room

_CGROUP: Final = Path("/sys/fs/cgroup")
HOLDERS: Final = 5


def of_gpu(gpu: Gpu) -> Room:
    """Processes of which the driver does not say what they hold are left out."""
    holders = tuple(
        Holder(process.name, process.pid, process.memory)
        for process in gpu.processes
        if process.memory
    )
    return Room(f"GPU {gpu.index} ({gpu.name})", gpu.memory_total, gpu.memory_free, holders)


def of_machine(cgroup: Path = _CGROUP) -> Room:
    """What a program may take, with who holds the most of the rest."""
    return replace(free_of_machine(cgroup), holders=_holders())


def free_of_machine(cgroup: Path = _CGROUP) -> Room:
    """What a program may take: of the machine, or of what its container leaves it. It names no
    holders: to find them takes a look at every process.
    """
    memory = psutil.virtual_memory()
    total, free = memory.total, memory.available
    limit = _cgroup_limit(cgroup)
    if limit is not None:
        total, free = min(total, limit[0]), min(free, limit[1])
    return Room("this machine", total, free)


def _cgroup_limit(cgroup: Path) -> tuple[int, int] | None:
    """Total and free, in bytes. The cache of files goes when it has to."""
    try:
        limit = int((cgroup / "memory.max").read_text())
        used = int((cgroup / "memory.current").read_text())
        lines = (cgroup / "memory.stat").read_text().splitlines()
        cached = int(dict(line.split() for line in lines)["inactive_file"])
    except (OSError, ValueError, KeyError):
        return None  # no container, or one without a limit ("max")
    return limit, max(0, limit - used + cached)


def _holders() -> tuple[Holder, ...]:
    found = [
        Holder(process.info["name"] or "?", process.pid, process.info["memory_info"].rss)
        for process in psutil.process_iter(["name", "memory_info"])
        if process.info["memory_info"]
    ]
    return tuple(sorted(found, key=lambda holder: -holder.memory)[:HOLDERS])
