"""A judgement comes in time, with the embedding or without it."""

import numpy as np

from models.errors import EngineUnavailable
from serve.documents.questions import Asking
from serve.generation.judging import DifficultyJudge
from serve.policy.difficulty import trained
from tests.serve.fixed_embedder import Fixed

CENTRE = trained().tone[1:]  # any vector that changes the guess


async def test_the_embedding_is_used_when_it_comes_in_time() -> None:
    guess = await DifficultyJudge(5.0).guess(Asking(Fixed(CENTRE), "hello"), 0.5)
    assert guess.known
    assert guess == trained().guess("hello", CENTRE.astype(np.float32), 0.5)


async def test_without_an_embedding_the_surface_is_judged() -> None:
    broken = Fixed(CENTRE, failure=EngineUnavailable("Loading."))
    for embedder in (None, Fixed(CENTRE, delay=5.0), broken):
        asking = Asking(embedder, "hello")
        guess = await DifficultyJudge(0.01).guess(asking, 0.5)
        assert guess == trained().guess("hello", None, 0.5)
        await asking.close()


async def test_vectors_of_another_embedder_are_not_asked_for() -> None:
    embedder = Fixed(CENTRE)
    assert not (await DifficultyJudge(5.0, fits=False).guess(Asking(embedder, "hello"), 0.5)).known
    assert embedder.seen == []
