"""Tensors of a GGUF as numbers: the types of which small models are made, after ggml's layout.

Q8_0 keeps 32 weights as one scale (f16) and 32 signed bytes; Q4_1 as a scale and an offset (both
f16) and 16 bytes, whose low halves are the first 16 weights and whose high halves the others.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.errors import ModelRefused
from models.llama.gguf_contents import Tensor

Floats = NDArray[np.float32]
Raw = NDArray[np.uint8]


def dequantize(tensor: Tensor, raw: Raw) -> Floats:
    """`raw` is what the file holds of it. The shape is numpy's, the slowest dimension first.

    Raises `ModelRefused` for a type that is not read here.
    """
    if tensor.kind not in _READERS:
        raise ModelRefused(f"Tensors of ggml's type {tensor.kind} cannot be converted.")
    return _READERS[tensor.kind](raw).reshape(tensor.shape[::-1])


def _f32(raw: Raw) -> Floats:
    return raw.view("<f4")


def _f16(raw: Raw) -> Floats:
    return raw.view("<f2").astype(np.float32)


def _q4_1(raw: Raw) -> Floats:
    blocks = raw.reshape(-1, 20)
    scale, offset = (blocks[:, i : i + 2].view("<f2").astype(np.float32) for i in (0, 2))
    quants = blocks[:, 4:]
    steps = np.concatenate((quants & 15, quants >> 4), axis=1)
    weights: Floats = scale * steps + offset
    return weights


def _q8_0(raw: Raw) -> Floats:
    blocks = raw.reshape(-1, 34)
    scale = blocks[:, :2].view("<f2").astype(np.float32)
    weights: Floats = scale * blocks[:, 2:].view(np.int8)
    return weights


_READERS: Final[dict[int, Callable[[Raw], Floats]]] = {0: _f32, 1: _f16, 3: _q4_1, 8: _q8_0}
