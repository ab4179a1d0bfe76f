"""What readings of GPUs mean for an engine."""

from dataclasses import replace

import pytest

from models.gpu.device import device
from models.gpu.readings import Gpu, GpuReading
from models.load import Device

GB = 10**9
FALLEN = "GPU 0 reports Xid 31, 79: reboot, or reset it with nvidia-smi"  # 79: off the bus
CALM = Gpu(
    index=0,
    name="GPU",
    uuid="GPU-1",
    memory_total=80 * GB,
    memory_free=8 * GB,
    memory_used=72 * GB,
    utilisation=0.9,
    power=300.0,
    power_limit=700.0,
    energy=1,
    temperature=60,
    slowdowns=(),
    ecc_corrected=0,
    ecc_uncorrected=0,
    xids=(),
    processes=(),
)


@pytest.mark.parametrize(
    ("gpu", "expected"),
    [
        (CALM, Device()),
        (replace(CALM, slowdowns=("power cap",)), Device()),
        (replace(CALM, slowdowns=("hardware thermal",)), Device(throttled=True)),
        (replace(CALM, memory_free=GB), Device(tight=True)),
        (replace(CALM, xids=(43,)), Device()),  # a program's own fault
        (replace(CALM, xids=(31, 79)), Device(lost=True, why=FALLEN)),
    ],
)
def test_the_worst_gpu_counts(gpu: Gpu, expected: Device) -> None:
    assert device(GpuReading("ok", "", 0.0, gpus=(CALM, gpu))) == expected


def test_a_gpu_that_is_gone_is_lost_and_a_silent_driver_is_not() -> None:
    gone = device(GpuReading("lost", "GPU 1 does not answer", 0.0, gpus=(CALM,), lost=(1,)))
    assert gone.gone == "The GPU was lost: GPU 1 does not answer."
    assert device(GpuReading("ok", "", 0.0, gpus=(CALM,))).gone == ""
    for state in ("absent", "hanging", "mismatched", "failed"):
        assert device(GpuReading(state, "", 0.0)) == Device()
