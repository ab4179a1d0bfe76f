"""Which files a tier reads."""

from pathlib import Path

import pytest

from serve.config import Settings
from serve.sections.tiers import TierSettings, VllmSection
from serve.weights import store_of, weights_of
from tests.models.small_models import small_gguf


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """With a model "kept" in the store."""
    (tmp_path / "tiny.gguf").write_bytes(small_gguf())
    settings = Settings(home=tmp_path / "home", profile="small")
    store_of(settings).add(tmp_path / "tiny.gguf", "kept", lambda done, total: None)
    return settings


def test_a_tier_reads_the_stored_model_of_its_name(settings: Settings) -> None:
    tier = TierSettings(engine="llama", model="kept")
    assert weights_of(settings, tier) == store_of(settings).path("kept")


def test_a_path_comes_before_the_store(settings: Settings, tmp_path: Path) -> None:
    tier = TierSettings(engine="llama", model="kept", path=tmp_path / "own.gguf")
    assert weights_of(settings, tier) == tmp_path / "own.gguf"


def test_a_large_model_that_is_not_here_is_not_replaced_by_the_bundled_one(
    settings: Settings,
) -> None:
    file = weights_of(settings, TierSettings(engine="vllm", model="Qwen3-8B"))
    assert file is not None
    assert not file.exists()


def test_the_bundled_model_serves_both_engines_and_random_weights(settings: Settings) -> None:
    dummy = VllmSection(load_format="dummy")
    for tier in (
        TierSettings(engine="llama", model="whatever"),
        TierSettings(engine="vllm", model="smollm2-135m-instruct-bf16"),
        TierSettings(engine="vllm", model="dummy", vllm=dummy),
        TierSettings(engine="vllm", model="a/name/that/is/no/file", vllm=dummy),
    ):
        assert weights_of(settings, tier) is None
