"""The guess at how hard a prompt is."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.policy.difficulty import SURFACE, WEIGHTS, Difficulty, Vector, surface, trained
from serve.policy.examination import form_of

EASY = "Hello, how are you?"
HARD = (
    "Suppose f and g are given. Calculate the integral, then prove that it converges if and only "
    "if 3x^2 + 2y = 17 for every x > 0, and determine the value that is not attained."
)
EXAM = "Which of these is a prime number?\nA. 21\nB. 51\nC. 57\nD. 59\nAnswer:"


def like_a_kind(model: Difficulty, number: int) -> Vector:
    """A vector that lies where the centre of that kind of question does."""
    kinds = model.kinds
    place = np.linalg.lstsq(kinds.axes, kinds.middle + kinds.centres[number], rcond=None)[0]
    vector: Vector = place.astype(np.float32)
    return vector


def far(model: Difficulty) -> Vector:
    return np.float32(-4) * like_a_kind(model, 0)


@given(st.text(max_size=500))
def test_every_text_has_finite_features_and_a_probability(text: str) -> None:
    features = surface(form_of(text), text)
    assert features.shape == (SURFACE,)
    assert np.isfinite(features).all()
    assert 0 <= trained().guess(text, None, 0.5).probability <= 1


def test_a_hard_looking_prompt_is_harder_than_small_talk() -> None:
    easy, hard = (trained().guess(text, None, 0.75) for text in (EASY, HARD))
    assert hard.probability >= hard.threshold
    assert easy.probability < easy.threshold


@given(st.floats(0, 1), st.floats(0, 1))
def test_turning_the_dial_up_never_sends_less_to_the_strong_tier(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert trained().threshold(low) >= trained().threshold(high)


def test_the_ends_of_the_dial_are_all_and_nothing() -> None:
    assert trained().threshold(0) == 1
    assert trained().threshold(1) == 0


def test_an_open_request_is_ruled_by_its_signs_whatever_its_embedding() -> None:
    model = trained()
    vectors = [None, *(sign * 4 * model.tone[1:].astype(np.float32) for sign in (-1, 1))]
    easy, hard = ([model.guess(t, v, 0.5).probability for v in vectors] for t in (EASY, HARD))
    assert easy[1] < easy[0] < easy[2]
    assert max(easy) < min(hard)


def test_only_what_was_judged_with_a_vector_is_known() -> None:
    model = trained()
    for text in (EASY, EXAM):
        assert model.guess(text, like_a_kind(model, 0), 0.5).known
        assert not model.guess(text, None, 0.5).known


def test_far_from_what_was_seen_only_the_surface_of_a_question_counts() -> None:
    model = trained()
    plain, away = model.guess(EXAM, None, 0.5), model.guess(EXAM, far(model), 0.5)
    assert not away.known
    assert away.probability == pytest.approx(plain.probability, abs=1e-3)
    near = model.guess(EXAM, like_a_kind(model, 0), 0.5)
    assert near.known
    assert near.probability != pytest.approx(plain.probability, abs=1e-3)


def test_the_subject_fades_smoothly_with_distance() -> None:
    model = trained()
    ends = far(model), like_a_kind(model, 0)
    way = [ends[0] * (1 - t) + ends[1] * t for t in np.linspace(0, 1, 200)]
    found = [model.guess(EXAM, vector.astype(np.float32), 0.5).probability for vector in way]
    assert np.abs(np.diff(found)).max() < 0.05


def test_weights_are_a_few_kilobytes_and_survive_being_kept(tmp_path: Path) -> None:
    assert WEIGHTS.stat().st_size < 20_000
    file = tmp_path / "kept.npz"
    trained().save(file)
    again = trained(file)
    vector = like_a_kind(again, 0)
    before, after = (model.guess(EXAM, vector, 0.5) for model in (trained(), again))
    assert after.probability == pytest.approx(before.probability, abs=0.01)
