"""The bf16 weights of a GGUF as a Hugging Face folder, derived once and kept: what vLLM reads.

Only dense models of the Llama architecture. llama.cpp keeps the rows of q and k in the order of
its own rotary embedding (pairs of neighbours), Hugging Face in halves; everything else is names.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.durable import appearing, locked
from models.errors import ModelRefused
from models.llama import gguf
from models.llama.dequantize import Floats, dequantize
from models.llama.gguf_contents import Contents, Tensor, damaged
from models.llama.gguf_reader import read
from models.llama.hf_tokenizer import ARRAYS, TOKENS, end_ids, tokenizer, tokenizer_config
from models.llama.settings import fingerprint
from models.progress import Meter, Progress
from models.safetensors_file import write_bf16

_TENSOR: Final = re.compile(r"(blk\.(?P<layer>\d+)\.)?(?P<kind>\w+)\.weight")
_NAMES: Final = {
    "token_embd": "model.embed_tokens",
    "output_norm": "model.norm",
    "output": "lm_head",
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


def derive(source: Path, folder: Path, progress: Progress, sha256: str | None = None) -> Path:
    """A folder inside `folder` with the model at `source`; made, in seconds, where it has none.

    `sha256` (hex) is what the source must have. Raises `ModelRefused` when the source cannot be
    trusted or is of a kind that cannot be converted, and `OSError` when there is no room.
    """
    gguf.check(source, None)
    target = folder / f"{source.stem}-bf16-{fingerprint(source)}"
    with locked(target, wait=True):
        if not target.is_dir():
            gguf.check(source, sha256)
            with appearing(target) as half:
                _write(source, half, progress)
    return target


def _write(source: Path, folder: Path, progress: Progress) -> None:
    with source.open("rb") as file:
        contents = read(file, ARRAYS)
    files = {
        "tokenizer.json": tokenizer(contents),
        "tokenizer_config.json": tokenizer_config(contents),
        "config.json": _config(contents),
        "generation_config.json": {"eos_token_id": end_ids(contents)},
    }
    for name, value in files.items():
        (folder / name).write_text(json.dumps(value, indent=1))
    if template := contents.text("tokenizer.chat_template", ""):
        (folder / "chat_template.jinja").write_text(template, encoding="utf-8")
    shapes = {_name(tensor): tensor.shape[::-1] for tensor in contents.tensors}
    weights = folder / "model.safetensors"
    write_bf16(weights, shapes, _tensors(source, contents, progress))


def _config(contents: Contents) -> dict[str, object]:
    scaling = contents.text("llama.rope.scaling.type", "none")
    if contents.text("general.architecture") != "llama" or scaling != "none":
        raise ModelRefused("Only plain models of the Llama architecture can be converted.")
    heads = contents.positive("llama.attention.head_count")
    width = contents.positive("llama.embedding_length")
    head_width = contents.integer("llama.rope.dimension_count", width // heads)
    epsilon = contents.number("llama.attention.layer_norm_rms_epsilon")
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "dtype": "bfloat16",
        "vocab_size": len(contents.texts(TOKENS)),
        "hidden_size": width,
        "intermediate_size": contents.integer("llama.feed_forward_length"),
        "num_hidden_layers": contents.integer("llama.block_count"),
        "num_attention_heads": heads,
        "num_key_value_heads": contents.integer("llama.attention.head_count_kv", heads),
        "head_dim": head_width,
        "hidden_act": "silu",
        "max_position_embeddings": contents.integer("llama.context_length"),
        "rms_norm_eps": float(str(np.float32(epsilon))),
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": contents.number("llama.rope.freq_base"),
        },
        "tie_word_embeddings": all(tensor.name != "output.weight" for tensor in contents.tensors),
        "bos_token_id": contents.integer("tokenizer.ggml.bos_token_id"),
        "eos_token_id": contents.integer("tokenizer.ggml.eos_token_id"),
    }


def _tensors(source: Path, contents: Contents, progress: Progress) -> Iterator[Floats]:
    data: NDArray[np.uint8] = np.memmap(source, np.uint8, "r")
    meter = Meter(sum(tensor.size for tensor in contents.tensors), progress)
    for tensor in contents.tensors:
        yield _values(tensor, data[tensor.start : tensor.start + tensor.size], contents)
        meter.add(tensor.size)


def _values(tensor: Tensor, raw: NDArray[np.uint8], contents: Contents) -> Floats:
    values = dequantize(tensor, raw)
    heads = contents.positive("llama.attention.head_count")
    if tensor.name.endswith(".attn_q.weight"):
        return _in_halves(values, heads)
    if tensor.name.endswith(".attn_k.weight"):
        return _in_halves(values, contents.positive("llama.attention.head_count_kv", heads))
    return values


def _in_halves(rows: Floats, heads: int) -> Floats:
    """Each head's rows 0, 1, 2, 3, … become 0, 2, …, 1, 3, …."""
    if len(rows) % (2 * heads):
        raise damaged("its heads do not share its rows evenly")
    pairs = rows.reshape(heads, -1, 2, rows.shape[-1])
    return pairs.swapaxes(1, 2).reshape(rows.shape)


def _name(tensor: Tensor) -> str:
    """What Hugging Face calls it. Raises `ModelRefused` for one that it does not have."""
    found = _TENSOR.fullmatch(tensor.name)
    if not found or found["kind"] not in _NAMES:
        raise ModelRefused(f"A tensor called {tensor.name} cannot be converted.")
    layer = f"model.layers.{found['layer']}." if found["layer"] else ""
    return f"{layer}{_NAMES[found['kind']]}.weight"
