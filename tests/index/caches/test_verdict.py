"""How likely two questions have one answer, and how many errors a threshold allows."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.caches.verdict import (
    FEATURES,
    WEIGHTS,
    Parsed,
    Rarity,
    Sentence,
    features,
    highest_share,
    lowest_threshold,
    trained,
)
from models.embedder import HashingEmbedder
from tests.index.caches.plain_verdict import by_cosine

TEXTS = ("How do I bake bread at home?", "What is the way to bake bread?", "Why is the sky blue?")


async def parsed(*texts: str) -> list[Parsed]:
    found = await HashingEmbedder("hashing").embed_deep(texts, "question")
    rows = zip(texts, found.vectors, found.token_vectors, strict=True)
    return [by_cosine().parsed(Sentence(*row)) for row in rows]


async def test_a_question_is_the_same_as_itself() -> None:
    (one,) = await parsed(TEXTS[0])
    found = features(one, one)
    assert found.shape == (FEATURES,)
    assert found[:7] == pytest.approx(1, abs=0.02)
    assert found[7:] == pytest.approx(0)


async def test_what_one_has_alone_is_told_apart_from_what_the_other_has() -> None:
    one, other = await parsed("bake fresh bread at home", "bake bread at home")
    there, back = features(one, other), features(other, one)
    assert there[7] > 0
    assert there[8] == 0
    assert (there[1:11:2] == back[2:11:2]).all()


@pytest.mark.parametrize("tokens", [0, 1, 2, 3])
def test_a_text_of_hardly_a_token_has_features_too(tokens: int) -> None:
    vector = np.full(4, 0.5, np.float32)
    short = by_cosine().parsed(Sentence("", vector, np.full((tokens, 4), 63, np.int8)))
    assert np.isfinite(features(short, short)).all()


def test_common_words_count_less() -> None:
    rarity = Rarity.of(["bake bread", "bake cake", "bake stone", "walk"])
    assert rarity.weights("bake")["bak"] < rarity.weights("cake")["cak"]
    assert rarity.weights("unheard")["unheard"] == 1
    assert rarity.weights("the")["the"] == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("wrong", "among", "share"), [(0, 300, 0.00994), (5, 1000, 0.01048), (10, 20, 0.69805)]
)
def test_the_bound_is_the_one_of_clopper_and_pearson(wrong: int, among: int, share: float) -> None:
    assert highest_share(wrong, among) == pytest.approx(share, abs=2e-5)


def test_nothing_seen_bounds_nothing() -> None:
    assert highest_share(0, 0) == 1
    assert highest_share(7, 7) == 1


@given(st.integers(0, 50), st.integers(51, 5000))
def test_the_bound_lies_above_what_was_seen(wrong: int, among: int) -> None:
    assert wrong / among < highest_share(wrong, among) <= highest_share(wrong + 1, among)


def test_a_threshold_keeps_its_budget_nineteen_times_in_twenty() -> None:
    rng, budget, broken = np.random.default_rng(0), 0.02, 0
    for _ in range(200):
        threshold = lowest_threshold(rng.random(500), budget)
        broken += 1 - threshold > budget  # the true share, of a uniform score
    assert broken <= 200 * 0.05 + 3 * math.sqrt(200 * 0.05 * 0.95)


def test_too_few_examples_allow_no_hit_at_all() -> None:
    assert lowest_threshold(np.zeros(100), 0.01) == math.inf
    assert lowest_threshold(np.linspace(0, 0.5, 300), 0.01) > 0.5


def test_a_budget_is_never_rounded_up() -> None:
    verdict = by_cosine()
    assert verdict.threshold(0.01) == verdict.threshold(0.05) == 0.5
    assert verdict.threshold(0.1) == 0.01
    assert verdict.threshold(0.009) == math.inf


async def test_weights_come_back_as_they_were_saved(tmp_path: Path) -> None:
    by_cosine().save(tmp_path / "weights.npz")
    again = trained(tmp_path / "weights.npz")
    one, other, third = await parsed(*TEXTS)
    for pair in ((one, one), (one, other), (one, third)):
        assert again.probability(*pair) == pytest.approx(by_cosine().probability(*pair), abs=1e-2)
    assert again.thresholds == by_cosine().thresholds


def test_the_weights_that_come_with_hearth_are_few_and_ask_more_for_a_smaller_budget() -> None:
    assert WEIGHTS.stat().st_size < 20_000
    thresholds = [limit for _, limit in sorted(trained().thresholds.items())]
    assert thresholds == sorted(thresholds, reverse=True)
    assert trained().threshold(0.01) < 1
