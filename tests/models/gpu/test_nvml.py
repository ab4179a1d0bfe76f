"""What is made of a driver, good or bad: a fake libnvidia-ml, loaded as the real one is."""

import json
from pathlib import Path

import pytest

from tests.models.gpu.fake_driver import NEEDS_COMPILER, built, run_with

pytestmark = NEEDS_COMPILER

READ_TWICE = """
import json, sys
from dataclasses import asdict
from models.gpu.nvml import Nvml
nvml = Nvml()
readings = [nvml.read(), nvml.read()]
print(json.dumps([
    asdict(r) | {"throttled": [g.throttled for g in r.gpus], "failing": [g.failing for g in r.gpus]}
    for r in readings
]))
"""

HANG_AND_COME_BACK = """
import json, sys, threading
from pathlib import Path
from models.gpu.readings import GpuReader
from models.gpu.nvml import Nvml
reader = GpuReader(Nvml().read, period=0, deadline=0.2)
first = reader.read().state
states = {reader.read().state for _ in range(100)}
threads = threading.active_count()
Path(sys.argv[1]).touch()
while (now := reader.read(0.05)).state == "hanging": pass
print(json.dumps([first, sorted(states), threads, now.state, now.gpus[0].name]))
"""

HANG_AND_EXIT = """
from models.gpu.readings import GpuReader
from models.gpu.nvml import Nvml
print(GpuReader(Nvml().read, deadline=0.2).read().state)
"""


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("driver"))


def run(library: Path, behaviour: str, program: str, until: Path | str = "") -> str:
    return run_with(library, behaviour, program, str(until))


def readings(library: Path, behaviour: str) -> list[dict]:
    return json.loads(run(library, behaviour, READ_TWICE))


def test_a_gpu_tells_everything(library: Path) -> None:
    reading, again = readings(library, "fine")
    assert (reading["state"], reading["driver"], reading["lost"]) == ("ok", "580.95.05", [])
    (gpu,) = reading["gpus"]
    here, unseen = gpu.pop("processes")
    assert gpu == {
        "index": 0,
        "name": "Fake H200",
        "uuid": "GPU-fake-0",
        "memory_total": 141 << 30,
        "memory_free": 100 << 30,
        "memory_used": 41 << 30,
        "utilisation": 0.87,
        "power": 652.5,
        "power_limit": 700.0,
        "energy": 5_000_000_000_123,
        "temperature": 71,
        "slowdowns": ["power cap"],
        "ecc_corrected": 17,
        "ecc_uncorrected": 2,
        "xids": [],
    }
    assert (here["name"][:6], here["memory"]) == ("python", 40 << 30)
    assert unseen["name"] == "a process that cannot be seen from here"
    assert (reading["throttled"], reading["failing"]) == ([False], [False])
    assert again["state"] == "ok"


@pytest.mark.parametrize(
    ("behaviour", "state", "detail"),
    [
        ("none", "absent", "no NVIDIA GPU"),
        ("unloaded", "absent", "no NVIDIA driver"),
        ("mismatched", "mismatched", "reboot"),
        ("broken", "failed", "Unknown Error"),
    ],
)
def test_a_driver_in_trouble_is_a_state(
    library: Path, behaviour: str, state: str, detail: str
) -> None:
    for reading in readings(library, behaviour):
        assert reading["state"] == state
        assert detail in reading["detail"]
        assert reading["gpus"] == []


def test_a_machine_without_the_library_has_no_driver(tmp_path: Path) -> None:
    (tmp_path / "libnvidia-ml.so.1").write_text("not a library")  # found before any real one
    (first, _) = readings(tmp_path, "fine")
    assert (first["state"], first["detail"]) == ("absent", "no NVIDIA driver")


def test_a_gpu_that_is_lost_is_named_with_its_cause(library: Path) -> None:
    before, after = readings(library, "lost")
    assert before["state"] == "ok"
    assert (after["state"], after["lost"], after["gpus"]) == ("lost", [0], [])
    assert after["detail"].startswith("GPU 0 does not answer (Xid 79)")


def test_a_hot_gpu_is_throttled_and_says_why(library: Path) -> None:
    reading, _ = readings(library, "throttled")
    assert reading["gpus"][0]["slowdowns"] == ["power cap", "hardware thermal"]
    assert reading["throttled"] == [True]


def test_critical_errors_are_kept(library: Path) -> None:
    first, second = readings(library, "xid")
    assert first["gpus"][0]["xids"] == second["gpus"][0]["xids"] == [31, 48]
    assert second["failing"] == [True]


def test_what_a_gpu_does_not_count_is_none(library: Path) -> None:
    reading, _ = readings(library, "terse")
    (gpu,) = reading["gpus"]
    assert (reading["state"], gpu["memory_free"]) == ("ok", 100 << 30)
    untold = ("utilisation", "power", "power_limit", "energy", "temperature", "ecc_uncorrected")
    assert [gpu[name] for name in untold] == [None] * len(untold)
    assert (gpu["slowdowns"], gpu["processes"], reading["throttled"]) == ([], [], [False])


def test_a_gpu_without_memory_of_its_own_has_the_machine_s(library: Path) -> None:
    reading, _ = readings(library, "shared")
    (gpu,) = reading["gpus"]
    assert 0 < gpu["memory_free"] < gpu["memory_total"]


def test_a_driver_that_hangs_costs_one_thread_and_may_come_back(
    library: Path, tmp_path: Path
) -> None:
    told = json.loads(run(library, "hanging", HANG_AND_COME_BACK, tmp_path / "until"))
    assert told == ["hanging", ["hanging"], 2, "ok", "Fake H200"]


def test_a_driver_that_hangs_does_not_keep_a_process_from_ending(
    library: Path, tmp_path: Path
) -> None:
    assert run(library, "hanging", HANG_AND_EXIT, tmp_path / "never") == "hanging\n"
