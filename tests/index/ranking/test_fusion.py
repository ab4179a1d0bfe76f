"""Words and vectors decide together, each as far as it can."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from index.ranking.fusion import blended, fused, reread, strength

scores = arrays(np.float32, 8, elements=st.floats(0, 30, width=32))
cosines = arrays(np.float32, 8, elements=st.floats(-1, 1, width=32))


@given(lexical=scores)
def test_the_strength_of_words_is_between_0_and_1_in_the_order_of_bm25(lexical) -> None:
    found = strength(lexical, ["pump"], "the pump")
    assert found.min() >= 0
    assert found.max() <= 1
    order = np.argsort(lexical, kind="stable")
    assert (np.diff(found[order]) >= 0).all()


@given(lexical=scores)
def test_words_that_the_best_passage_has_not_count_for_less(lexical) -> None:
    whole = strength(lexical, ["pump", "leak"], "the pump leaks")
    half = strength(lexical, ["pump", "leak"], "the pump stands")
    np.testing.assert_allclose(half, whole / 2)


@given(words=st.floats(0, 1), near=cosines, late=cosines)
def test_what_is_better_in_everything_comes_first(words, near, late) -> None:
    strengths = np.full(8, words, np.float32)
    better = np.argmax(near)
    assert fused(strengths, near).max() == fused(strengths, near)[better]
    high = late.copy()
    high[better] = 1
    assert blended(strengths, near, high).max() == blended(strengths, near, high)[better]


def test_a_part_number_that_is_found_outdoes_any_nearness() -> None:
    words = strength(np.array([12.0, 3.0], np.float32), ["px", "48213"], "ticket PX-48213")
    assert np.argmax(fused(words, np.array([0.2, 0.6], np.float32))) == 0


def test_a_single_common_word_does_not() -> None:
    asked = ["employee", "leave", "annual", "policy"]
    words = strength(np.array([2.0, 0.0], np.float32), asked, "our policy on parking")
    assert np.argmax(fused(words, np.array([0.2, 0.6], np.float32))) == 1


def test_without_a_match_words_say_nothing() -> None:
    assert not strength(np.zeros(3, np.float32), ["a"], "a").any()
    assert strength(np.zeros(0, np.float32), ["a"], "").shape == (0,)


def test_a_cross_encoder_outweighs_what_was_known_but_not_when_it_sees_no_difference() -> None:
    order = np.array([1.0, 0.9, 0.1], np.float32)
    assert np.argmax(reread(order, np.array([0, 0, 9], np.float32))) == 2
    assert np.argmax(reread(order, np.array([5, 5, 5], np.float32))) == 0


def test_equal_scores_stay_equal() -> None:
    assert reread(np.ones(2, np.float32), np.ones(2, np.float32)) == pytest.approx([0, 0])
