"""What runs when nobody spells it out."""

import pytest

from serve.profiles import BUNDLED, tiers_of

GB = 10**9


def test_without_a_gpu_the_bundled_model_runs_on_both_engines() -> None:
    tiers = tiers_of("auto", None)
    assert [tier["engine"] for tier in tiers.values()] == ["llama", "vllm"]
    assert tiers["large"]["model"].startswith(BUNDLED)


@pytest.mark.parametrize(("memory", "model"), [(24, "Qwen3-4B"), (80, "Qwen3-14B")])
def test_a_gpu_gets_the_model_that_fits_it(memory: int, model: str) -> None:
    large = tiers_of("auto", memory * GB)["large"]
    assert large["model"] == model
    assert large["engine"] == "vllm"


def test_random_weights_need_no_model() -> None:
    assert tiers_of("bench", None)["large"]["vllm"] == {"load_format": "dummy"}


def test_an_unknown_profile_leaves_the_refusal_to_the_settings() -> None:
    assert set(tiers_of("nonsense", None)) == {"small"}
