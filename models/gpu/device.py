"""What the readings of the GPUs mean for an engine that runs on them."""

from typing import Final

from models.gpu.readings import GpuReading
from models.load import Device

TIGHT: Final = 0.02  # of a GPU's memory; vLLM leaves a tenth alone, so others have taken that


def device(reading: GpuReading) -> Device:
    """Of all GPUs together: an engine is as fast as its slowest.

    A driver that hangs or does not fit says nothing of the GPU itself: the engine's own progress
    tells whether it works.
    """
    return Device(
        throttled=any(gpu.throttled for gpu in reading.gpus),
        tight=any(gpu.memory_free < TIGHT * gpu.memory_total for gpu in reading.gpus),
        lost=reading.state == "lost" or any(gpu.failing for gpu in reading.gpus),
    )
