"""Safetensors files: the header read within bounds, and bf16 files written tensor by tensor.

Eight bytes of length, a JSON header {name: {dtype, shape, data_offsets}}, then the tensors' bytes
without gaps: https://github.com/huggingface/safetensors#format.
"""

import json
import math
import os
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Annotated, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from models.errors import ModelRefused

MAX_HEADER_BYTES: Final = 100_000_000
"""The format's own limit."""

_BITS: Final = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "I16": 16, "U16": 16,
    "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32, "I64": 64, "U64": 64, "F64": 64,
    "C64": 64, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
}  # fmt: skip

Natural = Annotated[int, Field(ge=0)]


class _Entry(BaseModel):
    dtype: str
    shape: list[Natural]
    data_offsets: tuple[Natural, Natural]


_ENTRIES: Final = TypeAdapter(dict[str, _Entry])


@dataclass(frozen=True, slots=True)
class SafetensorsHeader:
    """`tensor_bytes` is what the weights take in memory."""

    tensors: int
    tensor_bytes: int


def check(path: Path) -> SafetensorsHeader:
    """Raises `ModelRefused` when the file is missing, truncated or not what it says."""
    try:
        with path.open("rb") as file:
            return _read(file)
    except OSError as exc:
        raise ModelRefused("The model file cannot be read.") from exc


def write_bf16(
    path: Path, shapes: Mapping[str, tuple[int, ...]], tensors: Iterable[NDArray[np.float32]]
) -> None:
    """`tensors` in the order of `shapes`, rounded to the nearest bf16, ties to even.

    One tensor is in memory at a time. Raises `OSError` when there is no room.
    """
    header, end = dict[str, object](__metadata__={"format": "pt"}), 0
    for name, shape in shapes.items():
        start, end = end, end + 2 * math.prod(shape)
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": (start, end)}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for tensor in tensors:
            file.write(_as_bf16(tensor).tobytes())


def _as_bf16(values: NDArray[np.float32]) -> NDArray[np.uint16]:
    bits = np.ascontiguousarray(values, dtype="<f4").view(np.uint32)
    nearest = bits + (0x7FFF + ((bits >> 16) & 1))
    return (nearest >> 16).astype(np.uint16)


def _read(file: BufferedReader) -> SafetensorsHeader:
    size = os.fstat(file.fileno()).st_size
    start = file.read(8)
    if len(start) < 8:
        raise _damaged("it ends in the middle of its header")
    (length,) = struct.unpack("<Q", start)
    if length > min(MAX_HEADER_BYTES, size - 8):
        raise _damaged("its header is longer than it may be")
    entries = _entries(file.read(length))
    end = _end(entries)
    if 8 + length + end != size:
        raise _damaged("its size is not that of its tensors")
    return SafetensorsHeader(len(entries), end)


def _entries(text: bytes) -> list[_Entry]:
    try:
        header = json.loads(text)
        if isinstance(header, dict):
            header.pop("__metadata__", None)
        return list(_ENTRIES.validate_python(header).values())
    except (ValueError, ValidationError, RecursionError) as exc:
        raise _damaged("its header cannot be read") from exc


def _end(entries: list[_Entry]) -> int:
    """Bytes of all tensors, which must lie one after another."""
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.data_offsets):
        start, stop = entry.data_offsets
        if entry.dtype not in _BITS:
            raise _damaged("a tensor is of a type unknown here")
        if start != end or 8 * (stop - start) != _BITS[entry.dtype] * math.prod(entry.shape):
            raise _damaged("a tensor is not where it should be")
        end = stop
    return end


def _damaged(what: str) -> ModelRefused:
    return ModelRefused(f"The model file is damaged or altered: {what}.")
