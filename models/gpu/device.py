"""What the readings of the GPUs mean for an engine that runs on them."""

from typing import Final

from models.gpu.readings import Gpu, GpuReading
from models.load import Device

TIGHT: Final = 0.02  # of a GPU's memory; vLLM leaves a tenth alone, so others have taken that


def device(reading: GpuReading) -> Device:
    """Of all GPUs together: an engine is as fast as its slowest.

    A driver that hangs or does not fit says nothing of the GPU itself: the engine's own progress
    tells whether it works.
    """
    failing = [gpu for gpu in reading.gpus if gpu.failing]
    return Device(
        throttled=any(gpu.throttled for gpu in reading.gpus),
        tight=any(gpu.memory_free < TIGHT * gpu.memory_total for gpu in reading.gpus),
        lost=reading.state == "lost" or bool(failing),
        why=reading.detail if reading.state == "lost" else ", ".join(map(_failure, failing)),
    )


def _failure(gpu: Gpu) -> str:
    xids = ", ".join(map(str, gpu.xids))
    return f"GPU {gpu.index} reports Xid {xids}: reboot, or reset it with nvidia-smi"
