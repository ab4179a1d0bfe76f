"""What the doctor makes of a GPU."""

import pytest

from models.gpu.readings import GpuReading, State
from serve.doctor.machine import judge_gpu


def test_no_gpu_is_no_problem() -> None:
    found = judge_gpu(GpuReading("absent", "no NVIDIA driver", 0.0))
    assert (found.verdict, found.detail) == ("ok", "no NVIDIA driver: CPU tiers only")


@pytest.mark.parametrize("state", ["mismatched", "hanging", "lost", "failed"])
def test_a_driver_in_trouble_is_a_warning_with_a_mend(state: State) -> None:
    found = judge_gpu(GpuReading(state, "in trouble", 0.0))
    assert (found.verdict, found.detail) == ("warning", "in trouble")
    assert found.mend
