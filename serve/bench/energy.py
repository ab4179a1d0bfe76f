"""Joules that this machine's GPUs have used, where they count them."""

import asyncio
from collections.abc import Awaitable, Callable

from models.gpu.nvml import Nvml
from models.gpu.readings import GpuReader

Joules = Callable[[], Awaitable[float | None]]
"""Since some moment in the past, of all GPUs together; None where that is not counted."""


def gpu_joules() -> tuple[tuple[str, ...], Joules]:
    """The names of the GPUs, and what reads their counters."""
    reader = GpuReader(Nvml().read, period=0.0)

    def read() -> float | None:
        reading = reader.read()
        counted = [gpu.energy for gpu in reading.gpus if gpu.energy is not None]
        if reading.state != "ok" or not counted or len(counted) != len(reading.gpus):
            return None
        return sum(counted) / 1000  # NVML counts millijoules

    async def joules() -> float | None:
        return await asyncio.to_thread(read)

    names = tuple(gpu.name for gpu in reader.read().gpus)
    return names, joules


async def no_joules() -> float | None:
    """Of a machine that counts none."""
    return None
