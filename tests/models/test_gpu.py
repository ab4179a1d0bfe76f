import subprocess
import sys
from pathlib import Path

import pytest

from models import gpu
from models.gpu import GpuUnknown

HAS_DRIVER = Path("/proc/driver/nvidia/version").exists()


@pytest.mark.skipif(HAS_DRIVER, reason="this machine has a GPU")
def test_a_machine_without_a_driver_says_so() -> None:
    with pytest.raises(GpuUnknown, match="no NVIDIA driver"):
        gpu.read()


@pytest.mark.skipif(not HAS_DRIVER, reason="needs an NVIDIA GPU")
def test_a_gpu_tells_its_memory() -> None:
    assert all(0 < g.memory_free <= g.memory_total for g in gpu.read())


def test_asking_loads_no_driver_into_this_process() -> None:
    program = "import sys, models.gpu; sys.exit('pynvml' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_driver_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "DEADLINE", 0.001)
    with pytest.raises(GpuUnknown, match="does not answer"):
        gpu.read()
