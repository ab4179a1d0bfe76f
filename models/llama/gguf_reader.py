"""Walks a GGUF header from front to back; every length is checked before it is believed.

The layout is the GGUF specification's, versions 2 and 3, little endian; what llama.cpp itself
refuses (nested arrays, gaps between tensors) is refused here too.
"""

import math
import mmap
import os
import struct
from collections.abc import Collection
from io import BufferedReader
from typing import Final

from models.errors import ModelRefused
from models.llama.gguf_contents import Contents, Scalar, Tensor, Value, damaged

MAX_HEADER_BYTES: Final = 64 << 20
MAX_KEYS: Final = 4096
MAX_KEY_BYTES: Final = 256
MAX_STRING_BYTES: Final = 1 << 20
MAX_TENSORS: Final = 65536
MAX_TENSOR_NAME_BYTES: Final = 63
MAX_DIMENSIONS: Final = 4

_ALIGNMENTS: Final = frozenset(1 << power for power in range(3, 17))
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


def read(file: BufferedReader, arrays: Collection[str] = ()) -> Contents:
    """The header of `file`, with the elements of the arrays named. Raises `ModelRefused`."""
    size = os.fstat(file.fileno()).st_size
    if size == 0:
        raise damaged("it is empty")
    with mmap.mmap(file.fileno(), min(size, MAX_HEADER_BYTES), access=mmap.ACCESS_READ) as data:
        return _Reader(data, size, arrays).contents()


class _Reader:
    def __init__(self, data: mmap.mmap, file_size: int, arrays: Collection[str]) -> None:
        self._data = data
        self._file_size = file_size
        self._wanted = arrays
        self._position = 0

    def contents(self) -> Contents:
        if self._take(4) != b"GGUF":
            raise ModelRefused("The model file is not in GGUF format.")
        if self._uint(_UINT32) not in (2, 3):
            raise ModelRefused("The model file's GGUF version is not 2 or 3.")
        tensors = self._bounded(MAX_TENSORS, "too many tensors")
        keys = self._keys(self._bounded(MAX_KEYS, "too many keys"))
        return Contents(keys, self._tensors(tensors, _alignment(keys)))

    def _keys(self, count: int) -> dict[str, Value]:
        keys: dict[str, Value] = {}
        for _ in range(count):
            key = self._text(MAX_KEY_BYTES)
            if key in keys:
                raise damaged("a key appears twice")
            keys[key] = self._value(key in self._wanted)
        return keys

    def _value(self, wanted: bool) -> Value:
        kind = self._uint(_UINT32)
        if kind == _STRING:
            return self._text(MAX_STRING_BYTES)
        if kind != _ARRAY:
            return self._scalar(kind)
        return self._array() if wanted else self._skip_array()

    def _array(self) -> tuple[Scalar, ...]:
        kind = self._uint(_UINT32)
        length = self._bounded(MAX_HEADER_BYTES, "an array is too long")
        if kind == _STRING:
            return tuple(self._text(MAX_STRING_BYTES) for _ in range(length))
        return tuple(self._scalar(kind) for _ in range(length))

    def _skip_array(self) -> range:
        kind = self._uint(_UINT32)
        length = self._bounded(MAX_HEADER_BYTES, "an array is too long")
        if kind == _STRING:
            size = _SCALARS[_UINT64].unpack_from
            for _ in range(length):  # the only hot loop: a real header has 100,000 texts
                self._skip(size(self._data, self._skip(8))[0])
        else:
            self._skip(length * _layout(kind).size)
        return range(length)

    def _tensors(self, count: int, alignment: int) -> tuple[Tensor, ...]:
        """They must lie one after another on multiples of `alignment`, within the file."""
        found, end = [], 0
        for _ in range(count):
            tensor = self._tensor()
            if tensor.start != _padded(end, alignment):
                raise damaged("a tensor is not where it should be")
            end = tensor.start + tensor.size
            found.append(tensor)
        if len({tensor.name for tensor in found}) != count:
            raise damaged("a tensor's name appears twice")
        base = _padded(self._position, alignment)
        if base + end > self._file_size:
            raise damaged("it is shorter than its tensors")
        return tuple(Tensor(t.name, t.shape, t.kind, base + t.start, t.size) for t in found)

    def _tensor(self) -> Tensor:
        """Its `start` counts from the first tensor's."""
        name = self._text(MAX_TENSOR_NAME_BYTES)
        dimensions = self._uint(_UINT32)
        if not 1 <= dimensions <= MAX_DIMENSIONS:
            raise damaged("a tensor has an impossible shape")
        shape = tuple(self._uint(_UINT64) for _ in range(dimensions))
        kind = self._uint(_UINT32)
        return Tensor(name, shape, kind, self._uint(_UINT64), _size(shape, kind))

    def _bounded(self, limit: int, complaint: str) -> int:
        count = self._uint(_UINT64)
        if count > limit:
            raise damaged(complaint)
        return count

    def _text(self, limit: int) -> str:
        try:
            return self._take(self._bounded(limit, "a text is too long")).decode()
        except UnicodeDecodeError as exc:
            raise damaged("a text is not UTF-8") from exc

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
            raise damaged("it ends in the middle of its header")
        return start


def _size(shape: tuple[int, ...], kind: int) -> int:
    """Bytes of a tensor."""
    if kind not in _TENSOR_TYPES:
        raise damaged("a tensor is of a type unknown here")
    block, block_bytes = _TENSOR_TYPES[kind]
    elements = math.prod(shape)
    if not 0 < elements < 1 << 62 or shape[0] % block:
        raise damaged("a tensor has an impossible shape")
    return elements // block * block_bytes


def _layout(kind: int) -> struct.Struct:
    if kind not in _SCALARS:
        raise damaged("a value is of an unknown type")
    return _SCALARS[kind]


def _padded(size: int, alignment: int) -> int:
    return -(-size // alignment) * alignment


def _alignment(keys: dict[str, Value]) -> int:
    alignment = keys.get("general.alignment", 32)
    if not isinstance(alignment, int) or alignment not in _ALIGNMENTS:
        raise damaged("the alignment is not a power of two from 8 to 65536")
    return alignment
