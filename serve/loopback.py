"""Builds and names the library that keeps inner doors on loopback (see loopback.c)."""

import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

SOURCE = Path(__file__).with_name("loopback.c")
EXCEPTION = "LOOPBACK_EXCEPT_PORT"


def library(folder: Path) -> Path | None:
    """The compiled library in `folder`, made if it is not there; None without a compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    built = folder / f"loopback-{sha256(SOURCE.read_bytes()).hexdigest()[:12]}.so"
    if built.exists():
        return built
    if compiler is None:
        return None
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = built.with_suffix(".new")
    command = [compiler, "-shared", "-fPIC", "-O2", "-o", str(fresh), str(SOURCE), "-ldl"]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return fresh.rename(built)
