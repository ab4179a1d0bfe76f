"""The quicker of two models is taken, as long as it says the same."""

import numpy as np
import pytest

from models.embedder import _loaded, bundled_embedder
from models.precision import SAME, in_bfloat16, quickest, tried


class Slow:
    """`parts` of a model, the first a good deal slower; its vectors turned if it is `wrong`."""

    def __init__(self, parts, times: int, wrong: bool = False) -> None:
        self.parts, self.times, self.wrong = list(parts), times, wrong

    def __iter__(self):
        return iter([self.first, *self.parts[1:]])

    def first(self, features):
        for _ in range(self.times):
            found = self.parts[0](dict(features))
        if self.wrong:
            found["token_embeddings"] = found["token_embeddings"].flip(2)
        return found


@pytest.fixture(scope="module")
def model():
    return _loaded(bundled_embedder(), 1)


@pytest.mark.slow
def test_bfloat16_gives_the_same_vectors(model) -> None:
    whole, half = tried(model).vectors.numpy(), tried(in_bfloat16(model)).vectors.numpy()
    assert (whole * half).sum(axis=1).min() >= SAME
    np.testing.assert_allclose(np.linalg.norm(half, axis=1), 1, atol=1e-5)
    assert half.dtype == np.float32


@pytest.mark.slow
def test_the_quicker_one_is_taken_if_its_vectors_are_the_same(model) -> None:
    slow, wrong = Slow(model, 3), Slow(model, 1, wrong=True)
    assert quickest(slow, model) is model
    assert quickest(model, slow) is model
    assert quickest(slow, wrong) is slow
