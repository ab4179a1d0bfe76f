"""A judgement comes in time, with the embedding or without it."""

import asyncio

import numpy as np

from models.embedder import Embeddings, Inputs
from models.engine import ModelCard
from models.errors import EngineUnavailable
from serve.judging import DifficultyJudge
from serve.policy.difficulty import trained


class Fixed:
    """Gives every text the same vector, late or never."""

    card = ModelCard("fixed", "fixed", 256, 0, "1")

    def __init__(self, delay: float = 0.0, failure: Exception | None = None) -> None:
        self.delay, self.failure = delay, failure
        self.seen: list[str] = []

    async def embed(self, inputs: Inputs) -> Embeddings:
        self.seen += [str(one) for one in inputs]
        await asyncio.sleep(self.delay)
        if self.failure:
            raise self.failure
        return Embeddings(trained().centres[:1].astype(np.float32), (1,))


async def test_the_embedding_is_used_when_it_comes_in_time() -> None:
    assert (await DifficultyJudge(Fixed(), 5.0).guess("hello", 0.5)).known


async def test_without_an_embedding_the_surface_is_judged() -> None:
    for embedder in (None, Fixed(delay=5.0), Fixed(failure=EngineUnavailable("Loading."))):
        guess = await DifficultyJudge(embedder, 0.01).guess("hello", 0.5)
        assert guess == trained().guess("hello", None, 0.5)


async def test_an_empty_text_is_not_embedded_and_a_long_one_is_cut() -> None:
    embedder = Fixed()
    judge = DifficultyJudge(embedder, 5.0)
    await judge.guess("  ", 0.5)
    await judge.guess("x" * 10_000, 0.5)
    assert [len(text) for text in embedder.seen] == [4000]
