"""What NVML knows of the GPUs. `python -m models.gpu` prints it as JSON.

NVML is a driver's library: it can be absent, refuse, or never return. So whoever wants to know
calls `read`, which asks a child process and waits for a bounded time.
"""

import json
import subprocess
import sys
from dataclasses import asdict, dataclass

DEADLINE = 10.0  # seconds


@dataclass(frozen=True, slots=True)
class Gpu:
    """Memory in bytes."""

    name: str
    driver: str
    memory_total: int
    memory_free: int


class GpuUnknown(Exception):
    """There are none, or they cannot be read. `args[0]` says which, in words."""


def read() -> list[Gpu]:
    """The GPUs of this machine. Raises `GpuUnknown`."""
    command = [sys.executable, "-m", "models.gpu"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, check=True)
        return [Gpu(**gpu) for gpu in json.loads(done.stdout)]
    except subprocess.TimeoutExpired as exc:
        raise GpuUnknown("the NVIDIA driver does not answer") from exc
    except (subprocess.CalledProcessError, ValueError, TypeError) as exc:
        raise GpuUnknown("no NVIDIA driver") from exc


def main() -> None:
    import pynvml

    pynvml.nvmlInit()
    driver = str(pynvml.nvmlSystemGetDriverVersion())
    gpus = []
    for index in range(pynvml.nvmlDeviceGetCount()):
        handle = pynvml.nvmlDeviceGetHandleByIndex(index)
        memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
        gpus.append(Gpu(str(pynvml.nvmlDeviceGetName(handle)), driver, memory.total, memory.free))
    print(json.dumps([asdict(gpu) for gpu in gpus]))


if __name__ == "__main__":
    main()
