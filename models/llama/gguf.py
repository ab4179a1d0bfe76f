"""Reads a GGUF header, within bounds, before llama.cpp sees the file.

llama.cpp parses model files in C++ inside our process: a header that lies about a count, a size or
an offset is memory damage there, and only `ModelRefused` here. The layout is the GGUF
specification's, versions 2 and 3, little endian; what llama.cpp itself refuses (nested arrays,
gaps between tensors) is refused here too.
"""

import hashlib
import math
import mmap
import os
import struct
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Final

from models.errors import ModelRefused

MAX_HEADER_BYTES: Final = 64 << 20
MAX_KEYS: Final = 4096
MAX_KEY_BYTES: Final = 256
MAX_STRING_BYTES: Final = 1 << 20
MAX_TENSORS: Final = 65536
MAX_TENSOR_NAME_BYTES: Final = 63
MAX_DIMENSIONS: Final = 4
MAX_ALIGNMENT: Final = 1 << 16

Value = int | float | str | range
"""Of an array only its length is kept, as `range(length)`."""

_UINT32, _STRING, _ARRAY, _UINT64 = 4, 8, 9, 10
_SCALARS: Final = {
    kind: struct.Struct(f"<{letter}")
    for kind, letter in zip((0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12), "BbHhIifBQqd", strict=True)
}

_TENSOR_TYPES: Final = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34),
    10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 16: (256, 66),
    17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82),
    23: (256, 136), 24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56),
    30: (1, 2), 34: (256, 54), 35: (256, 66), 39: (32, 17), 40: (64, 36), 41: (128, 18),
}  # fmt: skip
"""ggml's number of a tensor type: (elements in a block, bytes of a block)."""


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
            header = _read_header(file)
            digest = None if sha256 is None else hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as exc:
        raise ModelRefused("The model file cannot be read.") from exc
    if sha256 is not None and digest != sha256.lower():
        raise ModelRefused("The model file is not the one expected: its SHA-256 differs.")
    return header


def _read_header(file: BufferedReader) -> GgufHeader:
    size = os.fstat(file.fileno()).st_size
    if size == 0:
        raise _damaged("it is empty")
    with mmap.mmap(file.fileno(), min(size, MAX_HEADER_BYTES), access=mmap.ACCESS_READ) as data:
        return _Reader(data, size).header()


def _damaged(what: str) -> ModelRefused:
    return ModelRefused(f"The model file is damaged or altered: {what}.")


class _Reader:
    """Walks a header from front to back; every length is checked before it is believed."""

    def __init__(self, data: mmap.mmap, file_size: int) -> None:
        self._data = data
        self._file_size = file_size
        self._position = 0

    def header(self) -> GgufHeader:
        if self._take(4) != b"GGUF":
            raise ModelRefused("The model file is not in GGUF format.")
        if self._uint(_UINT32) not in (2, 3):
            raise ModelRefused("The model file's GGUF version is not 2 or 3.")
        tensors = self._bounded(MAX_TENSORS, "too many tensors")
        keys = self._keys(self._bounded(MAX_KEYS, "too many keys"))
        return _meaning(keys, self._check_tensors(tensors, _alignment(keys)))

    def _keys(self, count: int) -> dict[str, Value]:
        keys: dict[str, Value] = {}
        for _ in range(count):
            key = self._text(MAX_KEY_BYTES)
            if key in keys:
                raise _damaged("a key appears twice")
            keys[key] = self._value()
        return keys

    def _value(self) -> Value:
        kind = self._uint(_UINT32)
        if kind == _STRING:
            return self._text(MAX_STRING_BYTES)
        return self._array() if kind == _ARRAY else self._scalar(kind)

    def _array(self) -> range:
        kind = self._uint(_UINT32)
        length = self._bounded(MAX_HEADER_BYTES, "an array is too long")
        if kind == _STRING:
            size = _SCALARS[_UINT64].unpack_from
            for _ in range(length):  # the only hot loop: a real header has 100,000 texts
                self._skip(size(self._data, self._skip(8))[0])
        else:
            self._skip(length * _layout(kind).size)
        return range(length)

    def _check_tensors(self, count: int, alignment: int) -> int:
        """Bytes of all tensors, which must lie one after another on multiples of `alignment`."""
        names, end, padded_end = set[str](), 0, 0
        for _ in range(count):
            names.add(self._text(MAX_TENSOR_NAME_BYTES))
            size = self._tensor_size()
            if self._uint(_UINT64) != padded_end:
                raise _damaged("a tensor is not where it should be")
            end = padded_end + size
            padded_end = _padded(end, alignment)
        if len(names) != count:
            raise _damaged("a tensor's name appears twice")
        if _padded(self._position, alignment) + end > self._file_size:
            raise _damaged("it is shorter than its tensors")
        return end

    def _tensor_size(self) -> int:
        dimensions = self._uint(_UINT32)
        if not 1 <= dimensions <= MAX_DIMENSIONS:
            raise _damaged("a tensor has an impossible shape")
        shape = [self._uint(_UINT64) for _ in range(dimensions)]
        kind = self._uint(_UINT32)
        if kind not in _TENSOR_TYPES:
            raise _damaged("a tensor is of a type unknown here")
        block, block_bytes = _TENSOR_TYPES[kind]
        elements = math.prod(shape)
        if not 0 < elements < 1 << 62 or shape[0] % block:
            raise _damaged("a tensor has an impossible shape")
        return elements // block * block_bytes

    def _bounded(self, limit: int, complaint: str) -> int:
        count = self._uint(_UINT64)
        if count > limit:
            raise _damaged(complaint)
        return count

    def _text(self, limit: int) -> str:
        try:
            return self._take(self._bounded(limit, "a text is too long")).decode()
        except UnicodeDecodeError as exc:
            raise _damaged("a text is not UTF-8") from exc

    def _uint(self, kind: int) -> int:
        return int(self._scalar(kind))

    def _scalar(self, kind: int) -> int | float:
        layout = _layout(kind)
        value: int | float = layout.unpack_from(self._data, self._skip(layout.size))[0]
        return value

    def _take(self, size: int) -> bytes:
        return self._data[self._skip(size) : self._position]

    def _skip(self, size: int) -> int:
        """Moves on by `size` bytes; where it was."""
        start = self._position
        self._position += size
        if self._position > len(self._data):
            raise _damaged("it ends in the middle of its header")
        return start


def _layout(kind: int) -> struct.Struct:
    if kind not in _SCALARS:
        raise _damaged("a value is of an unknown type")
    return _SCALARS[kind]


def _padded(size: int, alignment: int) -> int:
    return -(-size // alignment) * alignment


def _alignment(keys: dict[str, Value]) -> int:
    alignment = _integer(keys, "general.alignment", 32)
    if not 8 <= alignment <= MAX_ALIGNMENT or alignment & (alignment - 1):
        raise _damaged("the alignment is not a power of two from 8 to 65536")
    return alignment


def _meaning(keys: dict[str, Value], tensor_bytes: int) -> GgufHeader:
    architecture = _string(keys, "general.architecture")
    tokens = keys.get("tokenizer.ggml.tokens")
    if not isinstance(tokens, range) or not tokens:
        raise _damaged("it has no vocabulary")
    types, scores = (
        keys.get(f"tokenizer.ggml.{part}", tokens) for part in ("token_type", "scores")
    )
    if not types == scores == tokens:
        raise _damaged("its vocabulary's parts differ in length")
    context_length = _integer(keys, f"{architecture}.context_length")
    if context_length <= 0:
        raise _damaged("its context length is not positive")
    return GgufHeader(
        name=_string(keys, "general.name", architecture),
        architecture=architecture,
        context_length=context_length,
        vocabulary_size=len(tokens),
        chat_template=_string(keys, "tokenizer.chat_template", "") or None,
        file_type=_integer(keys, "general.file_type", -1),
        tensor_bytes=tensor_bytes,
    )


def _string(keys: dict[str, Value], key: str, default: str | None = None) -> str:
    value = keys.get(key, default)
    if not isinstance(value, str):
        raise _damaged(f"{key} is missing or not a text")
    return value


def _integer(keys: dict[str, Value], key: str, default: int | None = None) -> int:
    value = keys.get(key, default)
    if not isinstance(value, int):
        raise _damaged(f"{key} is missing or not an integer")
    return value
