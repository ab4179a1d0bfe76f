"""What we write others read, and a file that lies is refused, nothing worse."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from safetensors.torch import load_file, save_file

from models.errors import ModelRefused
from models.safetensors_file import check, write_bf16


def content(header: object, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def entry(shape: list[int], start: int, end: int, dtype: str = "F32") -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


@given(values=arrays(np.float32, (3, 5), elements=st.floats(width=32, allow_nan=False)))
def test_written_weights_are_torch_s_own_rounding(
    values: np.ndarray, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "w.safetensors"
    write_bf16(path, {"a": (5,), "b": (3, 5)}, [values[0], values])
    expected = torch.from_numpy(values).bfloat16()
    found = load_file(path)
    assert torch.equal(found["a"], expected[0])
    assert torch.equal(found["b"], expected)
    assert (check(path).tensors, check(path).tensor_bytes) == (2, 40)


def test_a_file_of_the_library_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    save_file({"x": torch.zeros(7, 3), "y": torch.zeros(2, dtype=torch.int8)}, path)
    assert (check(path).tensors, check(path).tensor_bytes) == (2, 86)


BAD = {
    "empty": b"",
    "a pickle": b"\x80\x04\x95\x00\x00\x00\x00\x00\x00\x00.",
    "a header longer than the file": struct.pack("<Q", 1 << 40) + b"{}",
    "no JSON": content(b"{nonsense"),
    "a list": content([1, 2]),
    "nesting without end": content(b"[" * 100_000),
    "no UTF-8": content(b'{"\xff": 1}'),
    "an entry without a shape": content({"a": {"dtype": "F32", "data_offsets": [0, 4]}}, bytes(4)),
    "a negative dimension": content({"a": entry([-1], 0, 4)}, bytes(4)),
    "a size that is not its shape's": content({"a": entry([2], 0, 4)}, bytes(4)),
    "an unknown type": content({"a": entry([1], 0, 4, "X9")}, bytes(4)),
    "a gap": content({"a": entry([1], 4, 8)}, bytes(8)),
    "an overlap": content({"a": entry([1], 0, 4), "b": entry([1], 0, 4)}, bytes(4)),
    "bytes that are no tensor's": content({"a": entry([1], 0, 4)}, bytes(5)),
    "a missing byte": content({"a": entry([1], 0, 4)}, bytes(3)),
    "a size that overflows": content({"a": entry([1 << 40, 1 << 40], 0, 4)}, bytes(4)),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_file_that_lies_is_refused(bad: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bad.safetensors"
    path.write_bytes(bad)
    with pytest.raises(ModelRefused):
        check(path)


def test_a_missing_file_is_refused_without_its_path(tmp_path: Path) -> None:
    with pytest.raises(ModelRefused) as refused:
        check(tmp_path / "secret-place.safetensors")
    assert "secret-place" not in refused.value.message
