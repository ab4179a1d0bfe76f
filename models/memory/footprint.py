"""How much memory a model takes, read from its files: a GGUF, or a Hugging Face folder."""

from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, Field, ValidationError

from models import safetensors_file
from models.errors import ModelRefused
from models.llama.gguf_contents import Contents
from models.llama.gguf_reader import read
from models.memory.plan import Footprint

MAX_CONFIG_BYTES: Final = 1 << 20
GGUF_KV_BITS: Final = 8.5
FOLDER_KV_BITS: Final = 16.0
"""Of one element of the KV cache as its engine keeps it: llama.cpp in Q8_0, vLLM in bf16."""

Count = Annotated[int, Field(ge=1)]


class _Config(BaseModel):
    """What Hugging Face's config.json says of a decoder, by its names."""

    num_hidden_layers: Count
    hidden_size: Count
    num_attention_heads: Count
    max_position_embeddings: Count
    num_key_value_heads: Count | None = None
    head_dim: Count | None = None
    layer_types: list[str] | None = None
    kv_lora_rank: Count | None = None
    qk_rope_head_dim: Count | None = None

    def elements(self) -> int:
        """Of one token in the KV cache.

        With latent attention (DeepSeek-V2, arXiv:2405.04434) each layer keeps one compressed
        vector and a rotary key. Layers with a linear attention keep none for each token; a
        sliding window is taken for a whole one.
        """
        layers = self.num_hidden_layers
        if self.layer_types:
            layers = sum(kind in _WITH_KV for kind in self.layer_types)
        if self.kv_lora_rank:
            return layers * (self.kv_lora_rank + (self.qk_rope_head_dim or 0))
        width = self.head_dim or self.hidden_size // self.num_attention_heads
        return 2 * layers * width * (self.num_key_value_heads or self.num_attention_heads)


_WITH_KV: Final = ("full_attention", "sliding_attention", "chunked_attention")


class _Multimodal(BaseModel):
    text_config: _Config


def footprint(path: Path, kv_bits: float | None = None) -> Footprint:
    """`kv_bits` None: as the engine of such files keeps its KV cache, unless told otherwise.

    Raises `ModelRefused` when the files are missing or damaged.
    """
    if path.is_dir():
        return _of_folder(path, kv_bits or FOLDER_KV_BITS)
    try:
        with path.open("rb") as file:
            return of_gguf(read(file), kv_bits or GGUF_KV_BITS)
    except OSError as exc:
        raise ModelRefused("The model file cannot be read.") from exc


def of_gguf(contents: Contents, kv_bits: float) -> Footprint:
    """Layers that differ in heads (an array in the header) are all taken for the largest."""
    kind = contents.text("general.architecture")
    heads = contents.positive(f"{kind}.attention.head_count")
    kv_heads = contents.keys.get(f"{kind}.attention.head_count_kv")
    width = contents.positive(f"{kind}.embedding_length") // heads
    widths = sum(contents.positive(f"{kind}.attention.{w}_length", width) for w in ("key", "value"))
    layers = contents.positive(f"{kind}.block_count")
    elements = layers * widths * (kv_heads if isinstance(kv_heads, int) and kv_heads > 0 else heads)
    context = contents.positive(f"{kind}.context_length")
    return _footprint(contents.tensor_bytes, elements * kv_bits / 8, context)


def _of_folder(folder: Path, kv_bits: float) -> Footprint:
    files = [safetensors_file.check(path) for path in sorted(folder.glob("*.safetensors"))]
    config = _config(folder / "config.json")
    weights = sum(file.tensor_bytes for file in files)
    return _footprint(weights, config.elements() * kv_bits / 8, config.max_position_embeddings)


def _footprint(weights: int, token: float, context: int) -> Footprint:
    if not token:
        raise ModelRefused("The model keeps nothing of a token: it is not one that we run.")
    return Footprint(weights, token, context)


def _config(path: Path) -> _Config:
    try:
        with path.open("rb") as file:
            text = file.read(MAX_CONFIG_BYTES)
    except OSError as exc:
        raise ModelRefused("The model has no config.json that can be read.") from exc
    try:
        if b'"text_config"' in text:
            return _Multimodal.model_validate_json(text).text_config
        return _Config.model_validate_json(text)
    except ValidationError as exc:
        raise ModelRefused("The model's config.json does not say what its layers are.") from exc
