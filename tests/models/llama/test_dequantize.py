"""Blocks of ggml become the numbers that its documentation says."""

import struct

import numpy as np
import pytest

from models.errors import ModelRefused
from models.llama.dequantize import Raw, dequantize
from models.llama.gguf_contents import Tensor


def raw(data: bytes) -> Raw:
    return np.frombuffer(data, np.uint8)


def tensor(kind: int, *shape: int) -> Tensor:
    return Tensor("a", shape, kind, 0, 0)


def test_f32_is_taken_as_it_is() -> None:
    values = dequantize(tensor(0, 3), raw(struct.pack("<3f", 1.5, -2.0, 0.1)))
    assert values.tolist() == [1.5, -2.0, np.float32(0.1)]


def test_f16_is_widened() -> None:
    assert dequantize(tensor(1, 2), raw(struct.pack("<2e", 0.5, -8.0))).tolist() == [0.5, -8.0]


def test_q8_0_is_a_scale_and_signed_steps() -> None:
    steps = [-128, 127, *range(30)]
    values = dequantize(tensor(8, 32), raw(struct.pack("<e32b", 0.25, *steps)))
    assert values.tolist() == [step / 4 for step in steps]


def test_q4_1_has_the_first_half_in_the_low_nibbles() -> None:
    low, high = list(range(16)), list(range(15, -1, -1))
    packed = bytes(a | b << 4 for a, b in zip(low, high, strict=True))
    values = dequantize(tensor(3, 32), raw(struct.pack("<ee", 0.5, -3.0) + packed))
    assert values.tolist() == [step / 2 - 3 for step in low + high]


def test_the_slowest_dimension_comes_first() -> None:
    values = dequantize(tensor(0, 3, 2), raw(struct.pack("<6f", *range(6))))
    assert values.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_every_block_has_its_own_scale() -> None:
    blocks = struct.pack("<e32b", 1.0, *[1] * 32) + struct.pack("<e32b", 2.0, *[1] * 32)
    assert dequantize(tensor(8, 32, 2), raw(blocks)).mean(axis=1).tolist() == [1.0, 2.0]


def test_a_type_that_is_not_read_here_is_refused() -> None:
    with pytest.raises(ModelRefused, match="type 12"):
        dequantize(tensor(12, 256), raw(bytes(144)))
