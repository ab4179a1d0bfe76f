"""What the doctor makes of a GPU and of how cores are shared."""

import pytest

from models.gpu.readings import GpuReading, State
from serve.doctor.machine import judge_gpu, judge_scheduler


def test_no_gpu_is_no_problem() -> None:
    found = judge_gpu(GpuReading("absent", "no NVIDIA driver", 0.0))
    assert (found.verdict, found.detail) == ("ok", "no NVIDIA driver: CPU tiers only")


@pytest.mark.parametrize("state", ["mismatched", "hanging", "lost", "failed"])
def test_a_driver_in_trouble_is_a_warning_with_a_mend(state: State) -> None:
    found = judge_gpu(GpuReading(state, "in trouble", 0.0))
    assert (found.verdict, found.detail) == ("warning", "in trouble")
    assert found.mend


@pytest.mark.parametrize(
    ("autogroup", "groups", "verdict"),
    [
        (True, "0::/\n", "warning"),
        (True, "3:cpuset:/\n1:cpu,cpuacct:/\n0::/\n", "warning"),
        (True, "0::/user.slice/user-1000.slice/session-2.scope\n", "ok"),
        (True, "1:cpu:/box\n0::/\n", "ok"),
        (False, "0::/\n", "ok"),
    ],
)
def test_terminals_that_are_scheduled_against_each_other_are_a_warning(
    autogroup: bool, groups: str, verdict: str
) -> None:
    assert judge_scheduler(autogroup, groups).verdict == verdict
