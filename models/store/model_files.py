"""Which files make a model, and whether they may be used.

Weights are safetensors or GGUF. Pickles are programs (`*.bin`, `*.pt`), and an `auto_map` asks for
Python code that comes with the model: neither is ever read here.
"""

import json
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final, Literal

from models import safetensors_file
from models.errors import ModelRefused
from models.llama import gguf

Format = Literal["gguf", "safetensors"]

INDEX: Final = "model.safetensors.index.json"
MAX_JSON_BYTES: Final = 64 << 20

WEIGHTS: Final = (".safetensors", ".gguf")

_PLAIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,200}")
_PICKLES: Final = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".msgpack", ".h5")
_SPLIT_GGUF: Final = re.compile(r".*-\d{5}-of-\d{5}\.gguf")
_SHARD: Final = re.compile(r"model-\d{5}-of-\d{5}\.safetensors")
_TOKENIZERS: Final = frozenset({"tokenizer.json", "tokenizer.model", "vocab.json", "tekken.json"})
_BESIDE: Final = frozenset(
    {
        *_TOKENIZERS, INDEX, "config.json", "generation_config.json", "tokenizer_config.json",
        "special_tokens_map.json", "added_tokens.json", "merges.txt", "chat_template.jinja",
        "chat_template.json", "preprocessor_config.json", "processor_config.json",
        "video_preprocessor_config.json", "LICENSE", "LICENSE.txt", "LICENSE.md", "NOTICE",
    }
)  # fmt: skip
"""What goes with safetensors. Everything else in a repository stays there."""


def choose(names: Collection[str], file: str | None) -> list[str]:
    """What to take of the files `names` of a folder or repository; `file` names one GGUF.

    Raises `ModelRefused`, with what to do, when they are no model that can be used.
    """
    plain = sorted(name for name in names if _PLAIN.fullmatch(name))
    ggufs = [name for name in plain if name.endswith(".gguf")]
    weights = _safetensors(plain)
    if file is not None:
        names, weights = {file} & set(names), []
        ggufs = [name for name in ggufs if name == file]
    if weights:
        return [*(name for name in plain if name in _BESIDE), *weights]
    if not ggufs:
        raise ModelRefused(_without_weights(names))
    if len(ggufs) > 1:
        raise ModelRefused(f"There are several GGUF files; name one of: {', '.join(ggufs)}.")
    if _SPLIT_GGUF.fullmatch(ggufs[0]):
        raise ModelRefused("A GGUF in parts must be merged first: llama-gguf-split --merge.")
    return ggufs


def format_of(names: Collection[str]) -> Format:
    return "gguf" if any(name.endswith(".gguf") for name in names) else "safetensors"


def check(folder: Path, names: Collection[str]) -> Format:
    """Whether the chosen files are a whole model, without code. Raises `ModelRefused`."""
    kind = format_of(names)
    if kind == "safetensors":
        check_texts(folder, names)
        if missing := _in_index(folder) - set(names):
            raise ModelRefused(f"Weights are missing: {', '.join(sorted(missing))}.")
    for name in names:
        if name.endswith(".gguf"):
            gguf.check(folder / name, None)
        elif name.endswith(".safetensors"):
            safetensors_file.check(folder / name)
    return kind


def check_texts(folder: Path, names: Collection[str]) -> None:
    """What goes with safetensors, which can be known before the weights are there."""
    if "config.json" not in names:
        raise ModelRefused("The model has no config.json.")
    if not _TOKENIZERS & set(names):
        raise ModelRefused(f"The model has no tokenizer ({', '.join(sorted(_TOKENIZERS))}).")
    for name in names:
        if name.endswith("config.json") and "auto_map" in _mapping(folder / name):
            raise ModelRefused(
                f"The model brings code of its own ({name} has an auto_map), which is never run."
            )


def _safetensors(names: Collection[str]) -> list[str]:
    """The weights as the index lists them: some repositories have them a second time."""
    found = [name for name in names if name.endswith(".safetensors")]
    shards = [name for name in found if _SHARD.fullmatch(name)]
    if INDEX in names and shards:
        return shards
    return ["model.safetensors"] if "model.safetensors" in found else found


def _without_weights(names: Collection[str]) -> str:
    if pickles := sorted(name for name in names if name.endswith(_PICKLES)):
        return (
            f"The weights are pickles ({pickles[0]}), which can run code when they are read. "
            "Only safetensors and GGUF are: convert them, or take another model."
        )
    return "There are no weights in safetensors or GGUF format where you point."


def _in_index(folder: Path) -> set[str]:
    if not (folder / INDEX).is_file():
        return set()
    weights = _mapping(folder / INDEX).get("weight_map")
    if not isinstance(weights, dict):
        raise ModelRefused(f"{INDEX} does not say where the weights are.")
    return {str(name) for name in weights.values()}


def _mapping(path: Path) -> Mapping[str, object]:
    try:
        if path.stat().st_size > MAX_JSON_BYTES:
            raise ModelRefused(f"{path.name} is too large.")
        value = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as exc:
        raise ModelRefused(f"{path.name} cannot be read.") from exc
    if not isinstance(value, dict):
        raise ModelRefused(f"{path.name} is no JSON object.")
    return value
