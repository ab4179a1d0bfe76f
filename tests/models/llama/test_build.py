from pathlib import Path

import pytest

from models.llama.build import CURE, is_proven, processor, variants

AVX2 = frozenset({"avx", "avx2", "fma", "f16c", "bmi2"})
AVX512 = AVX2 | {"avx512f", "avx512cd", "avx512vl", "avx512dq", "avx512bw", "avx512_vnni"}
AMX = AVX512 | {"amx_tile", "amx_int8"}


def names(flags: frozenset[str]) -> list[str]:
    return [variant.name for variant in variants(flags)]


def test_amx_is_kept_by_the_cure_and_given_up_before_avx512() -> None:
    assert names(AMX) == ["native-amx", "native-no-amx", "avx2", "plain"]
    first, second, *_ = variants(AMX)
    assert CURE in first.arguments
    assert "-DGGML_AVX512=ON" in second.arguments
    assert "-DGGML_AVX512_VBMI=OFF" in second.arguments


def test_without_amx_nothing_needs_a_cure() -> None:
    assert names(AVX512) == ["native", "avx2", "plain"]
    assert not any(CURE in variant.arguments for variant in variants(AVX512))


def test_an_old_or_foreign_processor_has_a_plain_build_to_fall_back_to() -> None:
    assert names(frozenset()) == ["native", "plain"]
    assert "=ON" not in variants(frozenset())[-1].arguments


def test_the_processor_is_read_as_the_kernel_tells_it() -> None:
    here = processor("processor\t: 0\nmodel name\t: Big One\nflags\t\t: fpu avx2 amx_tile\n")
    assert (here.model, here.flags) == ("Big One", {"fpu", "avx2", "amx_tile"})
    assert processor("Features\t: fp asimd\n").flags == {"fp", "asimd"}
    assert processor("").flags == set()


def test_a_build_is_kept_for_one_kind_of_processor_only() -> None:
    one, same, other = (
        processor(f"model name\t: Big One\nflags\t\t: {flags}\n")
        for flags in ("fpu avx2", "avx2 fpu", "fpu avx2 amx_tile")
    )
    assert one.fingerprint == same.fingerprint != other.fingerprint


@pytest.mark.slow
def test_the_installed_build_decodes_here() -> None:
    assert processor(Path("/proc/cpuinfo").read_text()).flags
    assert is_proven()
