"""What a prompt shows of its demands: everyday prompts, most of them never tuned on."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.embedder import SentenceEmbedder
from serve.documents.questions import Asking
from serve.generation.judging import DifficultyJudge
from serve.policy.difficulty import trained
from serve.policy.prior import SIGNS, demand, signs
from serve.policy.routing import Guess
from serve.sections.routing import RoutingSettings

PROMPTS = [
    json.loads(line)
    for line in Path(__file__).with_name("everyday.jsonl").read_text(encoding="utf-8").splitlines()
]
EASY = [prompt["text"] for prompt in PROMPTS if not prompt["hard"]]
HARD = [prompt["text"] for prompt in PROMPTS if prompt["hard"]]
DIAL = RoutingSettings().quality


def in_order(easy: list[float], hard: list[float]) -> float:
    """The share of pairs whose demanding prompt is above."""
    return float(np.mean(np.array(hard)[:, None] > np.array(easy)))


def strong_share(guesses: list[Guess]) -> float:
    return float(np.mean([guess.probability >= guess.threshold for guess in guesses]))


def test_a_demanding_prompt_is_above_an_easy_one() -> None:
    easy, hard = ([demand(text) for text in texts] for texts in (EASY, HARD))
    assert in_order(easy, hard) >= 0.9


def test_at_the_default_dial_easy_prompts_stay_small_and_demanding_ones_do_not() -> None:
    easy, hard = ([trained().guess(t, None, DIAL) for t in texts] for texts in (EASY, HARD))
    assert strong_share(easy) <= 0.15
    assert strong_share(hard) >= 0.85


@pytest.mark.slow
async def test_with_the_real_embedder_the_order_is_as_good() -> None:
    judge, embedder = DifficultyJudge(60.0), SentenceEmbedder("all-minilm-l6-v2", 1)

    async def guessed(texts: list[str]) -> list[Guess]:
        return [await judge.guess(Asking(embedder, text), DIAL) for text in texts]

    easy, hard = await guessed(EASY), await guessed(HARD)
    assert in_order([g.probability for g in easy], [g.probability for g in hard]) >= 0.9
    assert strong_share(easy) <= 0.15
    assert strong_share(hard) >= 0.85


@pytest.mark.parametrize(
    ("less", "more"),
    [
        ("Is 7 prime?", "Is 7 prime? Prove it."),
        ("Sort this list.", "Sort this list. It must be stable and at most 3 passes are allowed."),
        ("Tell me about trees.", "Compare B-trees with LSM-trees and discuss write latency."),
        ("Summarise this letter.", "Analyse this letter."),
        ("He buys 3 pens.", "He buys 3 pens at 2.50, and twice as many rulers at 1.20 each."),
    ],
)
def test_each_demand_counts(less: str, more: str) -> None:
    assert demand(more) > demand(less)


def test_a_greeting_before_a_demanding_question_changes_little() -> None:
    assert demand(f"Hello! {HARD[0]}") > max(map(demand, EASY))


@given(st.text(max_size=500))
def test_every_text_has_finite_signs(text: str) -> None:
    found = signs(text)
    assert found.shape == (SIGNS,)
    assert np.isfinite(found).all()
    assert math.isfinite(demand(text))


@given(st.integers(1, 200), st.integers(1, 200))
def test_of_plain_words_the_longer_text_is_the_more_demanding(one: int, other: int) -> None:
    short, long = sorted((one, other))
    assert demand("word " * short) <= demand("word " * long)
