"""What this machine's processor can do."""

from pathlib import Path
from typing import Final

CPU: Final = Path("/proc/cpuinfo")


def computes_bf16(cpu: Path = CPU) -> bool:
    """Whether bfloat16 is computed; elsewhere it is emulated, several times slower than float32."""
    flags = set(cpu.read_text().split()) if cpu.exists() else set()
    return bool(flags & {"avx512_bf16", "amx_bf16"})
