"""Kept answers for the same in other words, on the whole way of a request.

Every text has the same embedding here: what tells questions apart are rules and contexts alone.
"""

import asyncio
import re
from collections import Counter
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from index.caches.local import LocalMemory
from index.caches.semantic import SemanticCache
from models.engine import Message, Prompt, Sampling, Tool
from models.errors import ModelRefused
from models.scripted import Script, ScriptedEngine
from serve.config import Settings
from serve.pipeline import Helpers, Pipeline, Request
from serve.policy.freshness import Freshness
from serve.receipt import Receipt
from tests.index.caches.plain_verdict import by_cosine
from tests.serve.fixed_embedder import Fixed

TIERS = {"small": {"engine": "scripted", "model": "echo", "temperature": 0.2}}
OPEN = frozenset({"temperature"})  # left to the tier, whose own is low
FIRST = "How long is the notice period after 2 years?"
AGAIN = "After 2 years, how long is the notice period?"


class Bench:
    """A pipeline with one engine that repeats what it is asked."""

    def __init__(self, alike: bool = True, failure: Exception | None = None) -> None:
        settings = Settings.model_validate({"tiers": TIERS, "cache": {"checked": 0}})
        self.engine = ScriptedEngine("echo")
        self.embedder = Fixed(np.full(16, 0.25), failure=failure)
        kept = SemanticCache(1 << 20, by_cosine(), settings.cache.false_hits) if alike else None
        helpers = Helpers(self.embedder, memory=LocalMemory(1 << 20, 3600, kept), alike=alike)
        self.pipeline = Pipeline(settings, {"small": self.engine}, helpers)

    async def ask(self, asked: Request | str) -> tuple[str, Receipt]:
        request = asked if isinstance(asked, Request) else chat(asked)
        receipt = Receipt()
        async with aclosing(self.pipeline.answer(request, receipt)) as chunks:
            return "".join([chunk.text async for chunk in chunks]), receipt


def chat(*turns: str, tenant: str = "tenant", system: str = "", **sampling: Any) -> Request:
    messages = [
        Message("assistant" if place % 2 else "user", text) for place, text in enumerate(turns)
    ]
    if system:
        messages.insert(0, Message("system", system))
    prompt = Prompt("req", tenant, tuple(messages), Sampling(**sampling))
    return Request("echo", (prompt,), True, OPEN)


async def test_the_same_in_other_words_gets_the_kept_answer_and_says_so() -> None:
    bench = Bench()
    first, receipt = await bench.ask(FIRST)
    assert (receipt.cache, receipt.cache_reason) == ("miss", "nothing alike")
    again, receipt = await bench.ask(AGAIN)
    assert again == first
    assert (receipt.cache, receipt.cache_reason) == ("similar", "similar, 1.00")
    assert (receipt.tier, receipt.model) == ("small", "echo")
    assert receipt.headers()["x-hearth-cache"] == "similar"
    assert receipt.headers()["x-hearth-cache-reason"] == "similar, 1.00"
    assert len(bench.engine.prompts) == 1
    assert len(bench.embedder.seen) == 2


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ("How long is the notice period after 3 years?", "vetoed: number"),
        ("How long is the notice period not after 2 years?", "vetoed: negation"),
        ("How long is the notice period of Acme after 2 years?", "vetoed: name"),
        ("Wie lang ist die Frist der Kündigung nach 2 Jahren?", "vetoed: language"),
    ],
)
async def test_a_near_miss_with_a_colliding_embedding_is_generated(asked: str, reason: str) -> None:
    bench = Bench()
    await bench.ask(FIRST)
    text, receipt = await bench.ask(asked)
    assert text == asked
    assert (receipt.cache, receipt.cache_reason) == ("miss", reason)


@pytest.mark.parametrize(
    "other",
    [
        chat(AGAIN, tenant="somebody else"),
        chat(AGAIN, system="Be brief."),
        chat("Hello", "Hi", AGAIN),
        chat(AGAIN, max_tokens=5),
        replace(chat(AGAIN), model="auto"),
        replace(
            chat(AGAIN),
            prompts=(replace(chat(AGAIN).prompts[0], tools=(Tool("f", "", {"type": "object"}),)),),
        ),
    ],
)
async def test_in_another_context_nothing_is_alike(other: Request) -> None:
    bench = Bench()
    await bench.ask(FIRST)
    _, receipt = await bench.ask(other)
    assert (receipt.cache, receipt.cache_reason) == ("miss", "nothing alike")


async def test_the_very_same_is_an_exact_hit_without_an_embedding() -> None:
    bench = Bench()
    await bench.ask(FIRST)
    _, receipt = await bench.ask(FIRST)
    assert (receipt.cache, receipt.cache_reason) == ("hit", None)
    assert len(bench.embedder.seen) == 1


@pytest.mark.parametrize("text", ["And why?", "word " * 100])
async def test_what_is_too_short_or_too_long_is_not_embedded(text: str) -> None:
    bench = Bench()
    _, receipt = await bench.ask(text)
    assert (receipt.cache, receipt.cache_reason) == ("miss", None)
    assert bench.embedder.seen == []


async def test_raw_text_and_a_tools_result_are_compared_with_nothing() -> None:
    bench, prompt = Bench(), chat(FIRST).prompts[0]
    result = (Message("user", FIRST), Message("tool", "42", tool_call_id="1"))
    for given in (FIRST, result):
        await bench.ask(replace(chat(FIRST), prompts=(replace(prompt, input=given),)))
    assert bench.embedder.seen == []


async def test_it_is_off_unless_the_owner_wants_it() -> None:
    assert Settings.model_validate({"tiers": TIERS}).cache.semantic is False
    bench = Bench(alike=False)
    await bench.ask(FIRST)
    assert (await bench.ask(AGAIN))[1].cache == "miss"
    assert bench.embedder.seen == []


async def test_who_wants_a_new_answer_gets_none_in_other_words() -> None:
    bench = Bench()
    await bench.ask(FIRST)
    old = replace(chat(AGAIN), wish=Freshness(max_age=0.0))
    assert (await bench.ask(old))[1].cache_reason == "too old"
    new = replace(chat("The notice period after 2 years?"), wish=Freshness(read=False))
    _, receipt = await bench.ask(new)
    assert (receipt.cache, receipt.cache_reason) == ("miss", "not wanted")


async def test_an_answer_that_was_not_wanted_is_replaced_by_the_new_one() -> None:
    bench = Bench()
    await bench.ask(FIRST)
    assert (await bench.ask(AGAIN))[1].cache == "similar"
    await bench.ask(replace(chat(AGAIN), wish=Freshness(read=False)))
    third, receipt = await bench.ask("How long is, after 2 years, the notice period?")
    assert (third, receipt.cache) == (AGAIN, "similar")


async def test_who_asks_the_same_at_once_is_embedded_once() -> None:
    bench = Bench()
    answers = await asyncio.gather(*(bench.ask(FIRST) for _ in range(10)))
    assert [receipt.cache for _, receipt in answers].count("miss") == 1
    assert (len(bench.embedder.seen), len(bench.engine.prompts)) == (1, 1)


async def test_who_asks_the_same_in_other_words_at_once_gets_what_was_found_for_the_first() -> None:
    bench = Bench()
    await bench.ask(FIRST)
    answers = await asyncio.gather(*(bench.ask(AGAIN) for _ in range(10)))
    assert {(text, receipt.cache) for text, receipt in answers} == {(FIRST, "similar")}
    assert {receipt.cache_reason for _, receipt in answers} == {"similar, 1.00"}
    assert len(bench.embedder.seen) == 2


async def test_an_embedder_that_fails_costs_only_the_hit() -> None:
    bench = Bench(failure=ModelRefused("It is not here."))
    await bench.ask(FIRST)
    text, receipt = await bench.ask(AGAIN)
    assert (text, receipt.cache) == (AGAIN, "miss")


def test_it_needs_the_embedder_that_its_weights_were_trained_with() -> None:
    with pytest.raises(ValueError, match="needs embedder"):
        Settings.model_validate({"cache": {"semantic": True}, "embedder": {"engine": "hashing"}})


async def test_an_owner_may_allow_the_very_same_question_only() -> None:
    bench, exact = Bench(), Freshness().within("exact")
    await bench.ask(FIRST)
    for expected in ("miss", "hit"):
        _, receipt = await bench.ask(replace(chat(AGAIN), wish=exact))
        assert (receipt.cache, receipt.cache_reason) == (expected, None)
    for _ in range(2):
        _, receipt = await bench.ask(replace(chat(AGAIN), wish=Freshness().within("off")))
        assert receipt.cache == "off"


async def test_who_is_given_the_very_same_only_joins_nobody_who_is_given_more() -> None:
    bench, exact = Bench(), Freshness().within("exact")
    await bench.ask(FIRST)
    wishes = [Freshness(), exact, Freshness(), exact]
    asked = [bench.ask(replace(chat(AGAIN), wish=wish)) for wish in wishes]
    told = [receipt.cache for _, receipt in await asyncio.gather(*asked)]
    assert told == ["similar", "miss", "similar", "joined"]


async def test_cancelling_at_any_moment_gives_nobody_anothers_answer_in_other_words() -> None:
    """16 tenants with a word of their own, whose embeddings are all the same, and readers that
    leave while it is embedded, looked for, generated or given again.
    """
    bench, told, left = Bench(), Counter[str | None](), 0
    bench.engine.script = Script(token_delay=0.0005)
    bench.embedder.delay = 0.001
    wordings = ("{} sings in cage {}", "In cage {1} sings {0}", "{} in cage {} sings")
    own = [f"canary{tenant:02}" for tenant in range(16)]
    for moment in range(96):
        asking = [
            asyncio.create_task(bench.ask(chat(text.format(word, moment // 3), tenant=word)))
            for word in own
            for text in (wordings[moment % 3], wordings[moment % 3 - 1])
        ]
        await asyncio.sleep(moment * 0.0001)
        left += sum(task.cancel() for task in asking[moment % 3 :: 3])
        for number, ended in enumerate(await asyncio.gather(*asking, return_exceptions=True)):
            if not isinstance(ended, BaseException):
                assert set(re.findall(r"canary\d+", ended[0])) == {own[number // 2]}
                told[ended[1].cache] += 1
    assert left >= 500
    assert min(told["miss"], told["similar"], told["hit"]) > 0
    assert bench.engine.running == 0
