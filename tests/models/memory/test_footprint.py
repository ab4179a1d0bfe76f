"""What a model takes is read from its files as their authors wrote them."""

import json
from pathlib import Path

import numpy as np
import pytest

from models.errors import ModelRefused
from models.llama.gguf_contents import Contents, Value
from models.llama.settings import bundled_model
from models.memory.footprint import footprint, of_gguf
from models.safetensors_file import write_bf16

LLAMA = {
    "num_hidden_layers": 32,
    "hidden_size": 4096,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "max_position_embeddings": 131_072,
}


def folder(path: Path, config: dict[str, object]) -> Path:
    (path / "config.json").write_text(json.dumps(config))
    for part in ("1", "2"):
        write_bf16(path / f"{part}.safetensors", {"a": (50,)}, [np.zeros(50, np.float32)])
    return path


def test_the_bundled_model_has_30_layers_of_3_heads_of_64() -> None:
    found = footprint(bundled_model())
    assert (found.token, found.max_context) == (30 * 2 * 3 * 64 * 8.5 / 8, 8192)
    assert 96_000_000 < found.weights < bundled_model().stat().st_size


def test_another_kv_cache_is_asked_for_in_bits(tmp_path: Path) -> None:
    assert footprint(bundled_model(), 16).token == 30 * 2 * 3 * 64 * 2
    assert footprint(folder(tmp_path, LLAMA), 8).token == 32 * 2 * 8 * 128


@pytest.mark.parametrize(
    ("changes", "elements"),
    [
        ({}, 32 * 2 * 8 * 128),
        ({"num_key_value_heads": None}, 32 * 2 * 32 * 128),
        ({"head_dim": 64}, 32 * 2 * 8 * 64),
        ({"kv_lora_rank": 512, "qk_rope_head_dim": 64}, 32 * 576),
        ({"layer_types": ["linear_attention"] * 24 + ["full_attention"] * 8}, 8 * 2 * 8 * 128),
        ({"layer_types": ["sliding_attention", "full_attention"] * 16}, 32 * 2 * 8 * 128),
    ],
    ids=["grouped", "all heads", "head_dim", "latent", "linear layers", "sliding"],
)
def test_a_folder_s_config_says_what_a_token_takes(
    tmp_path: Path, changes: dict[str, object], elements: int
) -> None:
    found = footprint(folder(tmp_path, LLAMA | changes))
    assert (found.weights, found.token, found.max_context) == (200, elements * 2, 131_072)


def test_a_multimodal_model_s_decoder_counts(tmp_path: Path) -> None:
    assert footprint(folder(tmp_path, {"text_config": LLAMA})).token == 32 * 2 * 8 * 128 * 2


@pytest.mark.parametrize(
    "config",
    [
        {},
        [],
        LLAMA | {"num_hidden_layers": 0},
        LLAMA | {"hidden_size": "x"},
        {"text_config": 1},
        LLAMA | {"hidden_size": 8},
        LLAMA | {"layer_types": ["mamba"]},
    ],
)
def test_a_config_that_says_nothing_is_refused(tmp_path: Path, config: object) -> None:
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelRefused):
        footprint(tmp_path)


@pytest.mark.parametrize("name", ["nothing", "."])
def test_what_is_not_there_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelRefused):
        footprint(tmp_path / name)


def test_heads_that_differ_between_layers_are_taken_for_the_largest() -> None:
    keys: dict[str, Value] = {
        "general.architecture": "x",
        "x.attention.head_count": 16,
        "x.attention.head_count_kv": range(4),
        "x.embedding_length": 1024,
        "x.block_count": 4,
        "x.context_length": 4096,
    }
    assert of_gguf(Contents(keys, ()), 16).token == 4 * (64 + 64) * 16 * 2
