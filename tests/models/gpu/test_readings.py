"""A reader shares one reading among all who ask, and waits for nobody longer than it may."""

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import pytest

from models.gpu.nvml import Nvml
from models.gpu.readings import Gpu, GpuReader, GpuReading

HAS_DRIVER = Path("/proc/driver/nvidia/version").exists()
LONG = 60.0  # seconds


def counting() -> tuple[Callable[[], GpuReading], list[GpuReading]]:
    """A source, and what it has given."""
    given: list[GpuReading] = []

    def source() -> GpuReading:
        given.append(GpuReading("ok", str(len(given)), time.monotonic()))
        return given[-1]

    return source, given


def after(go: Event, source: Callable[[], GpuReading]) -> Callable[[], GpuReading]:
    """A source that answers once it is told to."""

    def waiting() -> GpuReading:
        go.wait(LONG)
        return source()

    return waiting


@pytest.mark.skipif(HAS_DRIVER, reason="this machine has a GPU")
def test_a_machine_without_a_driver_says_so() -> None:
    reading = GpuReader(Nvml().read).read()
    assert (reading.state, reading.detail) == ("absent", "no NVIDIA driver")


@pytest.mark.skipif(not HAS_DRIVER, reason="needs an NVIDIA GPU")
def test_a_gpu_tells_its_memory() -> None:
    reading = GpuReader(Nvml().read).read()
    assert reading.gpus
    assert all(0 < gpu.memory_free <= gpu.memory_total for gpu in reading.gpus)


def test_importing_loads_no_driver() -> None:
    program = "import sys, models.gpu.readings, models.gpu.nvml; sys.exit('pynvml' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_young_reading_is_shared() -> None:
    source, given = counting()
    reader = GpuReader(source, period=LONG)
    assert reader.read() is reader.read()
    assert len(given) == 1


def test_an_old_reading_is_taken_again() -> None:
    source, given = counting()
    reader = GpuReader(source, period=0)
    assert [reader.read().detail, reader.read().detail] == ["0", "1"]
    assert len(given) == 2


def test_many_who_ask_at_once_cause_one_reading() -> None:
    go = Event()
    source, given = counting()
    reader = GpuReader(after(go, source), period=LONG)
    found: list[GpuReading] = []
    threads = [Thread(target=lambda: found.append(reader.read())) for _ in range(20)]
    for thread in threads:
        thread.start()
    go.set()
    for thread in threads:
        thread.join()
    assert len(given) == 1
    assert found == given * 20


def test_without_patience_one_gets_what_is_there() -> None:
    go, asked = Event(), Event()
    source, given = counting()

    def slow() -> GpuReading:
        if given:
            asked.set()
            go.wait(LONG)
        return source()

    reader = GpuReader(slow, period=0)
    first = reader.read()
    assert reader.read(0) is first  # while the driver is asked again
    assert asked.wait(LONG)
    assert reader.read(0) is first
    go.set()
    assert reader.read() is not first


def test_before_the_first_answer_the_driver_is_taken_for_hanging() -> None:
    go = Event()
    source, _ = counting()
    reader = GpuReader(after(go, source), period=LONG)
    assert reader.read(0).state == "hanging"
    go.set()
    assert reader.read().state == "ok"


def test_a_reading_that_is_overdue_is_not_shown_as_the_present() -> None:
    go = Event()
    source, given = counting()

    def stuck() -> GpuReading:
        return after(go, source)() if given else source()

    reader = GpuReader(stuck, period=0, deadline=0.5)
    assert reader.read().state == "ok"
    assert reader.read().state == "hanging"
    assert reader.read(0).state == "hanging"
    go.set()


def test_a_source_that_raises_is_a_state(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> GpuReading:
        raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "a name of a GPU")

    assert GpuReader(broken).read().state == "failed"
    assert "a name of a GPU" in caplog.text


GPU = Gpu(
    index=0,
    name="a GPU",
    uuid="GPU-0",
    memory_total=2,
    memory_free=1,
    memory_used=1,
    utilisation=None,
    power=None,
    power_limit=None,
    energy=None,
    temperature=None,
    slowdowns=(),
    ecc_corrected=None,
    ecc_uncorrected=None,
    xids=(),
    processes=(),
)


def test_errors_of_programs_are_not_the_gpu_s() -> None:
    assert not replace(GPU, xids=(13, 31, 43)).failing
    assert replace(GPU, xids=(13, 79)).failing


def test_a_power_cap_is_no_throttling() -> None:
    assert not replace(GPU, slowdowns=("power cap",)).throttled
    assert replace(GPU, slowdowns=("power cap", "hardware thermal")).throttled
