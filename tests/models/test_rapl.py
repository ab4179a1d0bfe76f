"""Energy of processors, by files as Linux has them."""

from pathlib import Path

from models.rapl import Rapl


def counter(folder: Path, name: str, value: int) -> Path:
    package = folder / name
    package.mkdir(parents=True, exist_ok=True)
    (package / "max_energy_range_uj").write_text("999\n")
    (package / "energy_uj").write_text(f"{value}\n")
    return package


def test_packages_add_up_and_their_parts_do_not(tmp_path: Path) -> None:
    for name in ("intel-rapl:0", "intel-rapl:1", "intel-rapl:0:0"):
        counter(tmp_path, name, 100)
    rapl = Rapl(tmp_path)
    for name in ("intel-rapl:0", "intel-rapl:1", "intel-rapl:0:0"):
        counter(tmp_path, name, 300)
    assert rapl.joules() == 400e-6


def test_a_counter_that_begins_again_goes_on(tmp_path: Path) -> None:
    counter(tmp_path, "intel-rapl:0", 990)
    rapl = Rapl(tmp_path)
    counter(tmp_path, "intel-rapl:0", 10)
    assert rapl.joules() == 20e-6


def test_what_cannot_be_read_counts_nothing(tmp_path: Path) -> None:
    assert Rapl(tmp_path).joules() is None
    package = counter(tmp_path, "intel-rapl:0", 1)
    rapl = Rapl(tmp_path)
    (package / "energy_uj").unlink()
    assert rapl.joules() is None
