"""What a GGUF header says: keys with values of a known type, and where each tensor lies."""

from dataclasses import dataclass

from models.errors import ModelRefused

Scalar = int | float | str
Value = Scalar | range | tuple[Scalar, ...]
"""Of an array that nobody asked for only its length is kept, as `range(length)`."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """`shape` begins with the dimension whose elements are neighbours; `kind` is ggml's number.

    `start` (from the beginning of the file) and `size` in bytes.
    """

    name: str
    shape: tuple[int, ...]
    kind: int
    start: int
    size: int


@dataclass(frozen=True, slots=True)
class Contents:
    keys: dict[str, Value]
    tensors: tuple[Tensor, ...]

    @property
    def tensor_bytes(self) -> int:
        """With the padding between them."""
        if not self.tensors:
            return 0
        last = self.tensors[-1]
        return last.start + last.size - self.tensors[0].start

    def text(self, key: str, default: str | None = None) -> str:
        value = self.keys.get(key, default)
        if not isinstance(value, str):
            raise damaged(f"{key} is missing or not a text")
        return value

    def integer(self, key: str, default: int | None = None) -> int:
        value = self.keys.get(key, default)
        if not isinstance(value, int):
            raise damaged(f"{key} is missing or not an integer")
        return value

    def positive(self, key: str, default: int | None = None) -> int:
        value = self.integer(key, default)
        if value <= 0:
            raise damaged(f"{key} is not positive")
        return value

    def number(self, key: str) -> float:
        value = self.keys.get(key)
        if not isinstance(value, int | float):
            raise damaged(f"{key} is missing or not a number")
        return float(value)

    def texts(self, key: str) -> tuple[str, ...]:
        """An array that was asked for."""
        values = self._array(key)
        texts = tuple(value for value in values if isinstance(value, str))
        if len(texts) != len(values):
            raise damaged(f"{key} holds something else than texts")
        return texts

    def integers(self, key: str) -> tuple[int, ...]:
        """An array that was asked for."""
        values = self._array(key)
        integers = tuple(value for value in values if isinstance(value, int))
        if len(integers) != len(values):
            raise damaged(f"{key} holds something else than integers")
        return integers

    def _array(self, key: str) -> tuple[Scalar, ...]:
        values = self.keys.get(key)
        if not isinstance(values, tuple):
            raise damaged(f"{key} is missing or not an array")
        return values


def damaged(what: str) -> ModelRefused:
    return ModelRefused(f"The model file is damaged or altered: {what}.")
