"""Reads a GGUF header, within bounds, before llama.cpp sees the file.

llama.cpp parses model files in C++ inside our process: a header that lies about a count, a size or
an offset is memory damage there, and only `ModelRefused` here.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from models.errors import ModelRefused
from models.llama.gguf_contents import Contents, damaged
from models.llama.gguf_reader import read


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """`file_type` is llama.cpp's number for the main quantisation, -1 where the file says none.

    `tensor_bytes` is what one step of a dense model has to read from memory.
    """

    name: str
    architecture: str
    context_length: int
    vocabulary_size: int
    chat_template: str | None
    file_type: int
    tensor_bytes: int


def check(path: Path, sha256: str | None) -> GgufHeader:
    """The header of the file at `path`, whose SHA-256 must be `sha256` (hex) where that is given.

    Raises `ModelRefused` when the file is missing, truncated, altered or not a GGUF that we run.
    """
    try:
        with path.open("rb") as file:
            header = _meaning(read(file))
            digest = None if sha256 is None else hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError as exc:
        raise ModelRefused(f"The model file {path.name} is not there.") from exc
    except OSError as exc:
        raise ModelRefused(f"The model file {path.name} cannot be read.") from exc
    if sha256 is not None and digest != sha256.lower():
        raise ModelRefused("The model file is not the one expected: its SHA-256 differs.")
    return header


def _meaning(contents: Contents) -> GgufHeader:
    architecture = contents.text("general.architecture")
    tokens = contents.keys.get("tokenizer.ggml.tokens")
    if not isinstance(tokens, range) or not tokens:
        raise damaged("it has no vocabulary")
    types, scores = (
        contents.keys.get(f"tokenizer.ggml.{part}", tokens) for part in ("token_type", "scores")
    )
    if not types == scores == tokens:
        raise damaged("its vocabulary's parts differ in length")
    return GgufHeader(
        name=contents.text("general.name", architecture),
        architecture=architecture,
        context_length=contents.positive(f"{architecture}.context_length"),
        vocabulary_size=len(tokens),
        chat_template=contents.text("tokenizer.chat_template", "") or None,
        file_type=contents.integer("general.file_type", -1),
        tensor_bytes=contents.tensor_bytes,
    )
