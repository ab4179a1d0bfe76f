"""The guess at how hard a prompt is."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.policy.difficulty import SURFACE, WEIGHTS, Difficulty, surface, trained

EASY = "Hello, how are you?"
HARD = (
    "Suppose f and g are given. Calculate the integral, then prove that it converges if and only "
    "if 3x^2 + 2y = 17 for every x > 0, and determine the value that is not attained."
)


@given(st.text(max_size=500))
def test_every_text_has_finite_features_and_a_probability(text: str) -> None:
    features = surface(text)
    assert features.shape == (SURFACE,)
    assert np.isfinite(features).all()
    guess = trained().guess(text, None, 0.5)
    assert 0 <= guess.probability <= 1
    assert not guess.known


def test_a_hard_looking_prompt_is_harder_than_small_talk_even_without_a_vector() -> None:
    easy, hard = (trained().guess(text, None, 0.75) for text in (EASY, HARD))
    assert hard.probability > easy.probability


@given(st.floats(0, 1), st.floats(0, 1))
def test_turning_the_dial_up_never_sends_less_to_the_strong_tier(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert trained().threshold(low) >= trained().threshold(high)


def test_the_ends_of_the_dial_are_all_and_nothing() -> None:
    assert trained().threshold(0) == 1
    assert trained().threshold(1) == 0


def test_far_from_what_was_seen_only_the_surface_counts() -> None:
    model = trained()
    away = -model.centres.mean(0)
    away /= np.linalg.norm(away)
    far = model.guess(HARD, away.astype(np.float32), 0.5)
    assert not far.known
    assert far.probability == model.guess(HARD, None, 0.5).probability
    near = model.guess(HARD, model.centres[0].astype(np.float32), 0.5)
    assert near.known
    assert near.probability != far.probability


def test_weights_are_a_few_kilobytes_and_survive_being_kept(tmp_path: Path) -> None:
    assert WEIGHTS.stat().st_size < 10_000
    file = tmp_path / "kept.npz"
    trained().save(file)
    again = trained(file)
    vector = again.centres[0].astype(np.float32)
    before, after = (model.guess(HARD, vector, 0.5) for model in (trained(), again))
    assert after.probability == pytest.approx(before.probability, abs=0.01)
    assert isinstance(again, Difficulty)
