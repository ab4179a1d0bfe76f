"""`hearth bench` as a person runs it: an engine alone, reports, and what it refuses."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from serve.bench.kept import kept

ROOT = Path(__file__).resolve().parents[3]
QUICK = ("--rounds", "1", "--seconds", "0.5", "--warm-up", "0.1", "--no-ceiling")


def bench(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "serve", "bench", "--home", str(home), *arguments],
        cwd=ROOT,
        env={
            "PATH": "/usr/bin:/bin",
            "HEARTH_TIERS__SMALL__ENGINE": "scripted",
            "HEARTH_TIERS__SMALL__MODEL": "m",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_an_engine_alone_is_measured_and_reported(tmp_path: Path) -> None:
    out = tmp_path / "report"
    done = bench(
        tmp_path, "--engine", "small", "--clients", "1,2", "--out", str(out), "--key", "k1", *QUICK
    )
    assert done.returncode == 0, done.stderr
    assert "2 clients" in done.stdout
    kept = json.loads((out / "report.json").read_text())
    assert len(kept["levels"]) == 2
    assert all(level["figures"]["output_tokens_per_s"] > 0 for level in kept["levels"])
    assert "k1" not in (out / "report.html").read_text()


def test_a_report_that_has_no_place_goes_to_the_data_directory(tmp_path: Path) -> None:
    done = bench(tmp_path, "--engine", "small", "--clients", "1", *QUICK)
    assert done.returncode == 0, done.stderr
    (report,) = kept(tmp_path)
    assert report.report["levels"]
    assert str(tmp_path / "benchmarks" / report.name / "report.html") in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "There is no appliance in this data directory"),
        (("--url", "http://127.0.0.1:1"), "Nothing answers at http://127.0.0.1:1."),
        (("--engine", "middle"), "The configuration has no tier middle."),
        (("--clients", "many"), "--clients takes numbers"),
        (("--clients", "1.5"), "those of clients whole"),
        (("--prompt", "0"), "--prompt takes tokens"),
        (("--url", "http://a", "--engine", "small"), "exclude each other"),
    ],
)
def test_what_cannot_be_measured_is_said_in_words(
    tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    done = bench(tmp_path, *arguments, *QUICK)
    assert done.returncode in (1, 2)
    assert " ".join(words.split()) in " ".join(done.stderr.replace("│", " ").split())
    assert "Traceback" not in done.stderr
