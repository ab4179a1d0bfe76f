import socket
from pathlib import Path

import pytest

from serve.config import Settings
from serve.doctor import CHECKS, appliance, examine
from serve.doctor.finding import GB, Finding
from serve.doctor.machine import judge_processor, judge_space
from serve.sections.tiers import TierSettings

SCRIPTED = {"small": TierSettings(engine="scripted", model="echo")}


def settings(home: Path, **changes: object) -> Settings:
    return Settings(home=home, **{"tiers": SCRIPTED, "port": free_port()} | changes)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@pytest.mark.parametrize(
    ("free", "verdict"), [(1 * GB, "problem"), (3 * GB, "warning"), (9 * GB, "ok")]
)
def test_space_is_judged_by_what_is_free(free: int, verdict: str) -> None:
    assert judge_space("memory", free, least=2 * GB, good=4 * GB).verdict == verdict


def test_a_processor_without_vectors_is_slow() -> None:
    assert judge_processor("model name\t: Old\nflags\t\t: fpu sse2\n").verdict == "warning"
    found = judge_processor("model name\t: New\nflags\t\t: avx2 avx512f amx_tile\n")
    assert (found.verdict, found.detail) == ("ok", "New: AVX2, AVX-512, AMX")


def test_a_taken_port_is_a_problem_with_a_way_out(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        found = appliance.port(settings(tmp_path, port=taken.getsockname()[1]))
    assert found.verdict == "problem"
    assert "--port" in found.mend


def test_a_missing_model_file_is_a_problem(tmp_path: Path) -> None:
    tier = TierSettings(engine="llama", model="mine", path=tmp_path / "absent.gguf")
    found = appliance.models(settings(tmp_path, tiers={"small": tier}))
    assert found.verdict == "problem"
    assert "tiers.*.path" in found.mend


def test_the_bundled_model_is_whole(tmp_path: Path) -> None:
    tier = TierSettings(engine="llama", model="mine")
    assert appliance.models(settings(tmp_path, tiers={"small": tier})).verdict == "ok"


def test_a_data_directory_that_others_may_read_is_told(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert "will be made" in appliance.data_directory(settings(home)).detail
    home.mkdir(mode=0o755)
    home.chmod(0o755)
    found = appliance.data_directory(settings(home))
    assert (found.verdict, found.mend) == ("warning", f"chmod 700 {home}")
    home.chmod(0o700)
    assert appliance.data_directory(settings(home)).verdict == "ok"


def test_this_machine_is_examined_whole(tmp_path: Path) -> None:
    """The tests run here, so nothing may stop `hearth up`."""
    findings = examine(settings(tmp_path))
    assert len({found.name for found in findings}) == len(CHECKS)
    assert [found for found in findings if found.verdict == "problem"] == []


def test_what_is_not_ok_always_comes_with_a_mend(tmp_path: Path) -> None:
    findings = examine(settings(tmp_path, tiers={"s": TierSettings(engine="llama", model="m")}))
    lost: list[Finding] = [f for f in findings if f.verdict != "ok" and not f.mend]
    assert lost == []
