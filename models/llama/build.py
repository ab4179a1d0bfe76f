"""Builds llama.cpp for the processor at hand, and trusts no build that it has not seen decode.

`python -m models.llama.build --cache FOLDER --lock FILE` tries the variants from the fastest to
the safest: take the wheel from the cache or compile it, install it, decode two tokens in a child
process. The first variant whose child survives stays installed. Exit 1 when none does.

GCC 12 and older miscompile the tile configuration of AMX (ggml-org/llama.cpp issue 20824): the
first batch of two tokens dies without a message. `CURE` keeps its stores alive.
"""

import argparse
import hashlib
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

COMMON = "-DLLAVA_BUILD=OFF"
CURE = "-DCMAKE_C_FLAGS='-fno-tree-dse -fno-dse' -DCMAKE_CXX_FLAGS='-fno-tree-dse -fno-dse'"
COMPILE_DEADLINE = 3600.0  # seconds
PROOF_DEADLINE = 120.0
FEATURES = {  # llama.cpp's switch: the processor flags that it needs
    "AVX": "avx",
    "AVX2": "avx2",
    "FMA": "fma",
    "F16C": "f16c",
    "BMI2": "bmi2",
    "AVX512": "avx512f avx512cd avx512vl avx512dq avx512bw",
    "AVX512_VBMI": "avx512_vbmi",
    "AVX512_VNNI": "avx512_vnni",
    "AVX512_BF16": "avx512_bf16",
}
AVX2 = ("AVX", "AVX2", "FMA", "F16C", "BMI2")


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to compile. `arguments` are CMake's."""

    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Processor:
    """What decides which builds run here."""

    model: str
    flags: frozenset[str]

    @property
    def fingerprint(self) -> str:
        text = " ".join([platform.machine(), self.model, *sorted(self.flags)])
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def variants(flags: frozenset[str]) -> list[Variant]:
    """The builds to try on a processor with `flags`, the fastest first."""
    has = [name for name, needed in FEATURES.items() if flags.issuperset(needed.split())]
    ways = [Variant("native", "-DGGML_NATIVE=ON")]
    if "amx_tile" in flags:
        ways = [Variant("native-amx", f"-DGGML_NATIVE=ON {CURE}"), _named("native-no-amx", has)]
    if set(AVX2) <= set(has):
        ways.append(_named("avx2", list(AVX2)))
    return [*ways, _named("plain", [])]


def _named(name: str, features: list[str]) -> Variant:
    """A build with exactly these features of `FEATURES`."""
    switches = [f"-DGGML_{f}={'ON' if f in features else 'OFF'}" for f in FEATURES]
    sse = f"-DGGML_SSE42={'ON' if features else 'OFF'}"
    return Variant(name, " ".join(["-DGGML_NATIVE=OFF", sse, *switches]))


def processor(cpuinfo: str) -> Processor:
    """Model and flags from the text of /proc/cpuinfo (`Features` on ARM)."""
    model = re.search(r"^model name\s*:\s*(.*)$", cpuinfo, re.MULTILINE)
    flags = re.search(r"^(?:flags|Features)\s*:\s*(.*)$", cpuinfo, re.MULTILINE)
    words = flags[1].split() if flags else []
    return Processor(model[1] if model else "unknown", frozenset(words))


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--cache", type=Path, required=True, help="where built wheels are kept")
    options.add_argument("--lock", type=Path, required=True, help="the source's version and hash")
    given = options.parse_args()
    here = processor(Path("/proc/cpuinfo").read_text())
    source = hashlib.sha256(given.lock.read_bytes()).hexdigest()[:12]
    for variant in variants(here.flags):
        shelf = given.cache / here.fingerprint / f"{source}-{variant.name}"
        wheel = _cached(shelf) or compile_wheel(variant, given.lock, shelf)
        if wheel and _install(wheel) and is_proven():
            print(f"  llama.cpp works here (build: {variant.name}).")
            return 0
        print(f"  The build {variant.name} does not work on this machine.", flush=True)
    print("No build of llama.cpp works here; is the compiler complete? apt-get install g++")
    return 1


def is_proven() -> bool:
    """Whether a child process decodes with what is installed; a bad build dies by a signal."""
    command = [sys.executable, "-m", "models.llama.prove"]
    try:
        return subprocess.run(command, timeout=PROOF_DEADLINE, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def compile_wheel(variant: Variant, lock: Path, shelf: Path) -> Path | None:
    """The new wheel, put on the shelf whole or not at all; None when it does not compile."""
    print(f"  Compiling ({variant.name}): about six minutes on two cores.", flush=True)
    shelf.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=shelf.parent) as made:
        pip = [sys.executable, "-m", "pip", "wheel", "--verbose", "--no-deps", "--no-cache-dir"]
        safe = ["--no-build-isolation", "--require-hashes", "-r", str(lock), "-w", made]
        arguments = f"CMAKE_ARGS={COMMON} {variant.arguments}"
        if not _show_progress(["env", arguments, *pip, *safe]):
            return None
        shelf.mkdir(exist_ok=True)
        for wheel in Path(made).glob("*.whl"):
            wheel.replace(shelf / wheel.name)
    return _cached(shelf)


def _show_progress(command: list[str]) -> bool:
    """Runs the compiler, saying how far it is; its last words when it fails."""
    last: deque[str] = deque(maxlen=20)
    start, shown = time.monotonic(), 0
    with subprocess.Popen(
        command, text=True, errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as running:
        for line, done in _steps(running, start):
            last.append(line)
            if done >= shown + 10:
                shown = done
                print(f"  {done} % compiled ({time.monotonic() - start:.0f} s)", flush=True)
    if running.returncode:
        print("".join(last), file=sys.stderr)
    return running.returncode == 0


def _steps(running: subprocess.Popen[str], start: float) -> Iterator[tuple[str, int]]:
    """Each line with the percentage of ninja's steps that are done."""
    done = 0
    for line in running.stdout or ():
        if step := re.search(r"\[(\d+)/(\d+)\]", line):
            done = 100 * int(step[1]) // int(step[2])
        yield line, done
        if time.monotonic() - start > COMPILE_DEADLINE:
            running.kill()


def _install(wheel: Path) -> bool:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    return subprocess.run([*pip, "--force-reinstall", str(wheel)], check=False).returncode == 0


def _cached(shelf: Path) -> Path | None:
    return next(shelf.glob("*.whl"), None)


if __name__ == "__main__":
    sys.exit(main())
