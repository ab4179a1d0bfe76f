"""The same weights in a form that this processor multiplies faster, derived once and kept.

llama.cpp has matrix products over many rows for Q8_0 on every processor; Q4_1 and others go row by
row on many, so that batching gains nothing. Q8_0 has 255 steps for each block of 32 weights: what
it loses of 4 or 5 bits is noise. It is larger, so a step of one row may take longer; set-up
measures both (`models.llama.tuning`).
"""

import hashlib
import os
from pathlib import Path
from typing import Final

from models.llama import gguf
from models.llama.settings import fingerprint, library_version

DERIVABLE_BYTES: Final = 1 << 30
"""Larger models are left as they are: what limits them is reading their weights."""

QUICK: Final = frozenset({0, 1, 7, 32})
"""llama.cpp's numbers of file types that gain nothing: F32, F16, Q8_0, BF16."""


def is_worth_trying(source: Path) -> bool:
    """Whether Q8_0 could be faster; only a measurement says whether it is."""
    header = gguf.check(source, None)
    return header.file_type not in QUICK and header.tensor_bytes <= DERIVABLE_BYTES


def derived(source: Path, sha256: str | None, folder: Path, threads: int) -> tuple[Path, str]:
    """A Q8_0 model made from `source`, and its SHA-256; made where `folder` has none, in seconds.

    `sha256` is what the source must have. Raises `ModelRefused` when the source cannot be trusted
    and `OSError` when there is no room.
    """
    key = hashlib.sha256(f"{fingerprint(source)} {library_version()}".encode()).hexdigest()[:16]
    model, digest = folder / f"weights-{key}.gguf", folder / f"weights-{key}.sha256"
    if not (model.is_file() and digest.is_file()):
        gguf.check(source, sha256)
        _derive(source, model, digest, threads)
    return model, digest.read_text().strip()


def _derive(source: Path, model: Path, digest: Path, threads: int) -> None:
    """The model first and its digest last, each whole or not at all."""
    from models.llama.library import requantize

    half = model.with_suffix(f".{os.getpid()}.part")
    try:
        requantize(source, half, threads)
        with half.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        half.replace(model)
        half.write_text(found)
        half.replace(digest)
    finally:
        half.unlink(missing_ok=True)
    gguf.check(model, found)
