"""The memory that is really free, within a container too."""

import os
from pathlib import Path

import psutil

from models.gpu.readings import Gpu, GpuProcess
from models.memory.plan import Holder
from models.memory.room import of_gpu, of_machine


def cgroup(path: Path, limit: str) -> Path:
    (path / "memory.max").write_text(f"{limit}\n")
    (path / "memory.current").write_text("700000000\n")
    (path / "memory.stat").write_text("anon 1\ninactive_file 200000000\nactive_file 3\n")
    return path


def test_a_container_s_limit_counts_and_its_file_cache_does_not(tmp_path: Path) -> None:
    room = of_machine(cgroup(tmp_path, "1000000000"))
    assert (room.total, room.free) == (1_000_000_000, 500_000_000)


def test_a_container_over_its_limit_has_nothing_free(tmp_path: Path) -> None:
    assert of_machine(cgroup(tmp_path, "1")).free == 0


def test_without_a_limit_the_machine_s_memory_counts(tmp_path: Path) -> None:
    assert of_machine(cgroup(tmp_path, "max")).total == psutil.virtual_memory().total
    assert of_machine(tmp_path / "missing").total == psutil.virtual_memory().total


def test_whoever_holds_most_comes_first(tmp_path: Path) -> None:
    held = [holder.memory for holder in of_machine(tmp_path).holders]
    assert held
    assert held == sorted(held, reverse=True)


def test_a_gpu_s_processes_hold_what_the_driver_says() -> None:
    processes = (GpuProcess(os.getpid(), "python", 5), GpuProcess(1, "unknown", None))
    gpu = Gpu(
        index=1,
        name="a GPU",
        uuid="GPU-1",
        memory_total=10,
        memory_free=4,
        memory_used=6,
        utilisation=None,
        power=None,
        power_limit=None,
        energy=None,
        temperature=None,
        slowdowns=(),
        ecc_corrected=None,
        ecc_uncorrected=None,
        xids=(),
        processes=processes,
    )
    room = of_gpu(gpu)
    assert (room.where, room.total, room.free) == ("GPU 1 (a GPU)", 10, 4)
    assert room.holders == (Holder("python", os.getpid(), 5),)
