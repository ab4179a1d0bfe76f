"""A fake libnvidia-ml, and programs that load it as they would the real one."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
COMPILER = shutil.which("cc")
NEEDS_COMPILER = pytest.mark.skipif(COMPILER is None, reason="needs a C compiler")


def built(folder: Path) -> Path:
    """`folder`, with the library in it."""
    source, output = Path(__file__).with_name("fake_nvml.c"), folder / "libnvidia-ml.so.1"
    subprocess.run([str(COMPILER), "-shared", "-fPIC", "-o", output, source], check=True)
    return folder


def run_with(library: Path, behaviour: str, program: str, until: str = "") -> str:
    """What the Python `program` prints, whose argument is `until`: a file that ends a hang."""
    told = {"LD_LIBRARY_PATH": str(library), "FAKE_NVML": behaviour, "FAKE_NVML_UNTIL": until}
    done = subprocess.run(
        [sys.executable, "-c", program, until],
        cwd=ROOT,
        env=os.environ | told,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
