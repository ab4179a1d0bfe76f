"""What a processor says of itself in /proc/cpuinfo."""

from pathlib import Path

import pytest

from models.processor import computes_bf16


@pytest.mark.parametrize(
    ("flags", "computes"),
    [("avx2 fma", False), ("avx2 avx512f avx512_bf16", True), ("avx2 amx_bf16 amx_tile", True)],
)
def test_bfloat16_is_computed_where_a_flag_says_so(
    tmp_path: Path, flags: str, computes: bool
) -> None:
    file = tmp_path / "cpuinfo"
    file.write_text(f"processor\t: 0\nflags\t\t: fpu {flags} sse2\n")
    assert computes_bf16(file) is computes


def test_a_machine_that_says_nothing_does_not(tmp_path: Path) -> None:
    assert not computes_bf16(tmp_path / "none")
