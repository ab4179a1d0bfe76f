"""Models of a few hundred bytes, whole in every respect that is checked."""

import json
import struct
from pathlib import Path

import numpy as np

from models.safetensors_file import write_bf16

CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "num_hidden_layers": 2,
    "hidden_size": 64,
    "num_attention_heads": 4,
    "max_position_embeddings": 4096,
}


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value)) + value.encode()


def small_gguf() -> bytes:
    """Three tokens, and one tensor of 32 numbers."""
    counts = {
        "block_count": 2,
        "context_length": 64,
        "embedding_length": 64,
        "attention.head_count": 4,
    }
    keys = [
        text("general.architecture") + struct.pack("<I", 8) + text("llama"),
        text("tokenizer.ggml.tokens")
        + struct.pack("<IIQ", 9, 8, 3)
        + b"".join(map(text, ("<s>", "</s>", "a"))),
        *(text(f"llama.{key}") + struct.pack("<II", 4, value) for key, value in counts.items()),
    ]
    tensor = text("a") + struct.pack("<IQIQ", 1, 32, 0, 0)
    header = b"GGUF" + struct.pack("<IQQ", 3, 1, len(keys)) + b"".join(keys) + tensor
    return header + bytes(-len(header) % 32) + bytes(128)


def small_folder(folder: Path, weights: int = 64, **config: object) -> Path:
    """A Hugging Face folder whose safetensors hold `weights` numbers."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(CONFIG | config))
    (folder / "tokenizer.json").write_text("{}")
    values = np.arange(weights, dtype=np.float32)
    write_bf16(folder / "model.safetensors", {"a": (weights,)}, [values])
    return folder
