"""What somebody else asked before cannot be told from how long an answer takes."""

import random
import time
from collections.abc import Sequence

import httpx
import numpy as np
import pytest

from models.scripted import Script
from tests.serve.api.conftest import MakeApi

EACH = 1000  # questions of either kind: the standard error of the AUC is 0.013
CHAT = "/v1/chat/completions"


async def seconds(client: httpx.AsyncClient, question: str) -> float:
    messages = [{"role": "user", "content": question}]
    began = time.perf_counter()
    response = await client.post(CHAT, json={"model": "echo", "messages": messages})
    took = time.perf_counter() - began
    assert response.headers["x-hearth-cache"] == "miss"
    return took


def auc(lower: Sequence[float], higher: Sequence[float]) -> float:
    """How often one of `lower` is below one of `higher`."""
    return float((np.array(lower)[:, None] < np.array(higher)[None]).mean())


@pytest.mark.slow
async def test_a_question_that_another_tenant_asked_takes_as_long_as_a_new_one(
    make_api: MakeApi,
) -> None:
    """Before each, the other one asks something, so that all that differs is what."""
    api = make_api(Script(words=("yes",)), cache={"temperature": 2})
    order = [True, False] * EACH
    random.Random(7).shuffle(order)
    took: dict[bool, list[float]] = {True: [], False: []}
    async with api.client() as client, api.client(headers=api.key_of("other")) as other:
        for number, primed in enumerate(order):
            question = f"What is the secret number {number:06}?"
            await seconds(other, question if primed else f"What is another number {number:06}?")
            took[primed].append(await seconds(client, question))
    assert abs(auc(took[True], took[False]) - 0.5) <= 0.05
