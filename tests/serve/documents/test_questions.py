"""A request's text is embedded once, whoever needs it."""

import asyncio

import numpy as np

from models.errors import EngineUnavailable
from serve.documents.questions import LONGEST, Asking
from tests.serve.fixed_embedder import Fixed

VECTOR = np.array([0.6, 0.8])


async def test_two_who_ask_get_one_embedding() -> None:
    embedder = Fixed(VECTOR)
    asking = Asking(embedder, "hello")
    found = await asyncio.gather(asking.question(5.0), asking.question(5.0))
    assert all(question.vector is not None for question in found)
    assert all(question.tokens is not None for question in found)
    assert embedder.seen == ["hello"]


async def test_who_is_impatient_goes_without_and_who_waits_gets_it() -> None:
    embedder = Fixed(VECTOR, delay=0.1)
    asking = Asking(embedder, "hello")
    assert (await asking.question(0.001)).vector is None
    assert (await asking.question(5.0)).vector is not None
    assert embedder.seen == ["hello"]


async def test_without_an_embedder_the_text_is_left() -> None:
    for embedder in (None, Fixed(VECTOR, failure=EngineUnavailable("Loading."))):
        question = await Asking(embedder, "hello").question(5.0)
        assert (question.text, question.vector) == ("hello", None)


async def test_an_empty_text_is_not_embedded_and_a_long_one_is_cut() -> None:
    embedder = Fixed(VECTOR)
    await Asking(embedder, "  ").question(5.0)
    await Asking(embedder, "x" * 30_000).question(5.0)
    assert [len(text) for text in embedder.seen] == [LONGEST]


async def test_closing_ends_what_nobody_waits_for() -> None:
    asking = Asking(Fixed(VECTOR, delay=60), "hello")
    await asking.question(0.001)
    async with asyncio.timeout(5):
        await asking.close()
    await Asking(None, "hello").close()
