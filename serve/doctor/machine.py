"""Checks of the machine: processor, memory, disk, tools, GPU."""

import shutil
import sys
from pathlib import Path

import psutil

from models.gpu.nvml import Nvml
from models.gpu.readings import GpuReader, GpuReading
from models.llama.build import processor
from models.memory.room import free_of_machine
from serve.config import Settings
from serve.doctor.finding import GB, INSTALL, Finding

PYTHONS = ((3, 11), (3, 12), (3, 13))


def python(_: Settings) -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] not in PYTHONS:
        return Finding(
            "python",
            "warning",
            f"{version} is not in the lock",
            "install Python 3.11, 3.12 or 3.13",
        )
    return Finding("python", "ok", version)


def compiler(_: Settings) -> Finding:
    found = shutil.which("c++")
    if found is None:
        return Finding("compiler", "warning", "no C++ compiler", "apt-get install g++")
    return Finding("compiler", "ok", found)


def cmake(_: Settings) -> Finding:
    found = shutil.which("cmake") or shutil.which("cmake", path=str(Path(sys.executable).parent))
    if found is None:
        return Finding("cmake", "warning", "not found; llama.cpp cannot be rebuilt", INSTALL)
    return Finding("cmake", "ok", found)


def memory(_: Settings) -> Finding:
    return judge_space("memory", free_of_machine().free, least=2 * GB, good=4 * GB)


def disk(settings: Settings) -> Finding:
    place = next(p for p in (settings.data, *settings.data.parents) if p.is_dir())
    return judge_space("disk", shutil.disk_usage(place).free, least=GB // 2, good=5 * GB)


def temporary(_: Settings) -> Finding:
    """Ray stops storing objects when the disk of its session is 95 % full."""
    used = psutil.disk_usage("/tmp").percent
    if used > 95:
        return Finding("temporary files", "warning", f"/tmp is {used} % full", "make space there")
    return Finding("temporary files", "ok", f"/tmp is {used} % full")


def processor_flags(_: Settings) -> Finding:
    return judge_processor(Path("/proc/cpuinfo").read_text())


def scheduler(_: Settings) -> Finding:
    switch = Path("/proc/sys/kernel/sched_autogroup_enabled")
    enabled = switch.is_file() and switch.read_text().strip() == "1"
    return judge_scheduler(enabled, Path("/proc/self/cgroup").read_text())


def judge_scheduler(autogroup: bool, groups: str) -> Finding:
    """`groups`: what /proc/self/cgroup says. Outside every CPU cgroup, Linux schedules terminals
    against each other; beside engines that fill all cores, others were seen to wait for seconds.
    """
    paths = {line.split(":", 2)[1]: line.split(":", 2)[2] for line in groups.splitlines()}
    own = next((path for kind, path in paths.items() if "cpu" in kind.split(",")), paths.get(""))
    if not autogroup or own != "/":
        return Finding("scheduler", "ok", "programs share the cores one by one")
    detail = "programs of other terminals may wait long while engines compute on all cores"
    return Finding("scheduler", "warning", detail, "sysctl kernel.sched_autogroup_enabled=0")


def gpu(_: Settings) -> Finding:
    return judge_gpu(GpuReader(Nvml().read).read())


def judge_gpu(reading: GpuReading) -> Finding:
    found = [f"{gpu.name}, {gpu.memory_free // GB} GB free" for gpu in reading.gpus]
    if reading.state == "absent":
        return Finding("gpu", "ok", f"{reading.detail}: CPU tiers only")
    if reading.state != "ok":
        mend = "look into the kernel's log (dmesg) for NVRM and Xid"
        return Finding("gpu", "warning", "; ".join([reading.detail, *found]), mend)
    return Finding("gpu", "ok", f"{'; '.join(found)}; driver {reading.driver}")


def judge_space(name: str, free: int, least: int, good: int) -> Finding:
    """All in bytes."""
    detail = f"{free / GB:.1f} GB free"
    if free < least:
        return Finding(name, "problem", detail, f"free at least {least / GB:.1f} GB")
    if free < good:
        return Finding(name, "warning", detail, f"{good / GB:.0f} GB are comfortable")
    return Finding(name, "ok", detail)


def judge_processor(cpuinfo: str) -> Finding:
    here = processor(cpuinfo)
    known = {"avx2": "AVX2", "avx512f": "AVX-512", "amx_tile": "AMX", "asimd": "NEON"}
    fast = [name for flag, name in known.items() if flag in here.flags]
    if not fast:
        mend = "expect slow answers; AVX2 or newer is advised"
        return Finding("processor", "warning", f"{here.model}: no vector instructions", mend)
    return Finding("processor", "ok", f"{here.model}: {', '.join(fast)}")
