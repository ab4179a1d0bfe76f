"""Tokens come with the probabilities they should, and only those that may come."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.engine import Sampling
from models.llama.sampling import Logits, Sampler, likeliest, log_probabilities, nucleus, pick

logit_rows = st.lists(st.floats(-30, 30, width=32), min_size=1, max_size=700).map(
    lambda values: np.array(values, np.float32)
)


def weights_of(logits: Logits) -> Logits:
    return np.exp(logits - logits.max())


def drawn(sampling: Sampling, logits: Logits, count: int) -> list[int]:
    sampler = Sampler(sampling)
    return [sampler.sample(logits.copy()) for _ in range(count)]


@given(logit_rows)
def test_temperature_zero_takes_the_likeliest(logits: Logits) -> None:
    assert drawn(Sampling(temperature=0), logits, 1) == [int(logits.argmax())]


@given(logit_rows, st.floats(0, 1, exclude_max=True))
def test_a_pick_is_where_the_cumulated_weights_pass_the_chance(
    logits: Logits, chance: float
) -> None:
    weights = weights_of(logits)
    index = pick(weights, chance)
    cumulated = np.concatenate(([0.0], weights.cumsum(dtype=np.float64)))
    slack = 1e-5 * cumulated[-1]
    assert weights[index] > 0
    assert cumulated[index] - slack <= chance * cumulated[-1] <= cumulated[index + 1] + slack


@given(logit_rows, st.integers(0, 2**32), st.data())
def test_what_was_masked_never_comes(logits: Logits, seed: int, data: st.DataObject) -> None:
    allowed = data.draw(st.sets(st.integers(0, logits.size - 1), min_size=1))
    masked = np.full_like(logits, -np.inf)
    masked[list(allowed)] = logits[list(allowed)]
    for top_p in (1.0, 0.7):
        assert set(drawn(Sampling(seed=seed, top_p=top_p), masked, 5)) <= allowed


@given(logit_rows, st.floats(0.01, 0.999))
def test_the_nucleus_is_the_fewest_that_make_up_top_p(logits: Logits, top_p: float) -> None:
    weights = weights_of(logits)
    inside = nucleus(weights, top_p)
    mass, whole = float(weights[inside].sum()), float(weights.sum())
    smallest = weights[inside].min()
    assert mass >= top_p * whole * (1 - 1e-5)
    assert float(weights[weights > smallest].sum()) < top_p * whole * (1 + 1e-5)
    assert set(np.flatnonzero(weights > smallest)) <= set(inside)


def test_draws_follow_the_softmax() -> None:
    logits = np.log(np.array([0.5, 0.3, 0.15, 0.05], np.float32))
    counts = np.bincount(drawn(Sampling(seed=7), logits, 20_000), minlength=4)
    assert counts / 20_000 == pytest.approx([0.5, 0.3, 0.15, 0.05], abs=0.015)


def test_temperature_sharpens() -> None:
    logits = np.log(np.array([0.6, 0.4], np.float32))
    share = np.mean(np.array(drawn(Sampling(temperature=0.5, seed=7), logits, 20_000)) == 0)
    assert share == pytest.approx(0.36 / (0.36 + 0.16), abs=0.015)


@given(logit_rows, st.integers(-(2**70), 2**70))
def test_a_seed_repeats_its_draws(logits: Logits, seed: int) -> None:
    sampling = Sampling(seed=seed)
    assert drawn(sampling, logits, 5) == drawn(sampling, logits, 5)


def test_bias_moves_a_token_also_without_temperature() -> None:
    logits = np.array([1.0, 2.0, 3.0], np.float32)
    assert drawn(Sampling(temperature=0, logit_bias={2: -100.0}), logits, 1) == [1]
    assert drawn(Sampling(temperature=0, logit_bias={0: 5.0}), logits, 1) == [0]


def test_presence_counts_once_and_frequency_each_time() -> None:
    logits = np.array([3.0, 2.0, 0.0], np.float32)
    presence = Sampling(temperature=0, presence_penalty=1.5)
    assert drawn(presence, logits, 4) == [0, 1, 0, 0]
    frequency = Sampling(temperature=0, frequency_penalty=0.6)
    assert drawn(frequency, logits, 6) == [0, 0, 1, 0, 1, 0]


@given(logit_rows, st.integers(0, 5))
def test_log_probabilities_are_those_of_the_softmax(logits: Logits, count: int) -> None:
    logprobs = log_probabilities(logits)
    assert float(np.exp(logprobs).sum()) == pytest.approx(1, abs=1e-3)
    top = likeliest(logprobs, min(count, logits.size))
    assert [logprobs[i] for i in top] == sorted(logprobs.tolist(), reverse=True)[: len(top)]
