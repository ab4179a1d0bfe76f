"""Token vectors, small on disk, and what MaxSim makes of them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.late import maxsim, pooled, quantised

ragged = st.lists(
    st.integers(0, 6).flatmap(lambda t: arrays(np.int8, (t, 4), elements=st.integers(-127, 127))),
    max_size=5,
)
questions = st.integers(0, 4).flatmap(
    lambda t: arrays(np.int8, (t, 4), elements=st.integers(-127, 127))
)


def by_hand(question: np.ndarray, passage: np.ndarray) -> float:
    if not len(question) or not len(passage):
        return 0.0
    best = [max(int(np.dot(q, p)) for p in passage.astype(int)) for q in question.astype(int)]
    return sum(best) / len(best) / 127**2


@given(question=questions, passages=ragged)
def test_maxsim_is_the_mean_of_each_tokens_best(question, passages) -> None:
    expected = [by_hand(question, passage) for passage in passages]
    np.testing.assert_allclose(maxsim(question, passages), expected, atol=1e-5)


@given(
    tokens=arrays(np.float32, (7, 8), elements=st.floats(-1, 1, width=32)),
    factor=st.integers(1, 9),
)
def test_pooling_keeps_a_vector_for_every_few_tokens(tokens, factor: int) -> None:
    tokens[:, 0] = 1.5  # none without a direction
    kept = pooled(quantised(tokens), factor)
    assert kept.shape == (-(-7 // factor), 8)
    np.testing.assert_allclose(np.linalg.norm(kept.astype(float), axis=1), 127, atol=2)


def test_quantising_moves_a_vector_by_less_than_a_hundredth() -> None:
    vectors = np.random.default_rng(0).normal(size=(50, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    kept = quantised(vectors).astype(np.float32)
    cosines = (kept / np.linalg.norm(kept, axis=1, keepdims=True) * vectors).sum(axis=1)
    assert cosines.min() > 0.99


def test_a_vector_without_length_stays_one() -> None:
    assert not quantised(np.zeros((2, 4), np.float32)).any()
    opposites = quantised(np.array([[1, 0], [-1, 0]], np.float32))
    assert not pooled(opposites, 2).any()
