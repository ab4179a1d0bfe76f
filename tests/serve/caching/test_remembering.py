"""Answers given again and answers shared, on the whole way of a request."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.caches.local import LocalMemory
from models.engine import Chunk, Format, Message, Prompt, Sampling, Tool
from models.errors import EngineInterrupted, GenerationTimeout
from models.scripted import Script, ScriptedEngine
from serve.caching.asked import Question
from serve.caching.remembering import Remembering, Wanted
from serve.config import Settings
from serve.documents.questions import Asking
from serve.pipeline import Pipeline, Request
from serve.policy.freshness import Freshness
from serve.receipt import Receipt
from serve.sections.cache import CacheSettings

TIERS = {
    "small": {"engine": "scripted", "model": "echo", "temperature": 0.2},
    "large": {"engine": "scripted", "model": "sage", "temperature": 0.2},
}
OPEN = frozenset({"temperature"})  # left to the tier, whose own is low


class Bench:
    """A pipeline with two scripted engines."""

    def __init__(self, script: Script | None = None, **options: Any) -> None:
        settings = Settings.model_validate({"tiers": TIERS, **options})
        self.small, self.large = ScriptedEngine("echo", script), ScriptedEngine("sage", script)
        self.pipeline = Pipeline(settings, {"small": self.small, "large": self.large})

    @property
    def generated(self) -> int:
        return len(self.small.prompts) + len(self.large.prompts)

    async def ask(self, asked: Request, receipt: Receipt | None = None) -> tuple[str, str | None]:
        """The text of the answer, and what the cache had to do with it."""
        receipt = receipt or Receipt()
        async with aclosing(self.pipeline.answer(asked, receipt)) as chunks:
            text = "".join([chunk.text async for chunk in chunks])
        return text, receipt.cache


def asked(
    text: str = "one two three", tenant: str = "tenant", stream: bool = True, **sampling: Any
) -> Request:
    prompt = Prompt("req", tenant, (Message("user", text),), Sampling(**sampling))
    return Request("echo", (prompt,), stream, frozenset() if "temperature" in sampling else OPEN)


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("second", [True, False])
async def test_the_same_again_is_given_again_however_it_is_delivered(
    first: bool, second: bool
) -> None:
    bench, receipt = Bench(), Receipt()
    assert await bench.ask(asked(stream=first)) == ("one two three", "miss")
    assert await bench.ask(asked(stream=second), receipt) == ("one two three", "hit")
    assert bench.generated == 1
    assert (receipt.tier, receipt.model, receipt.reason) == ("small", "echo", "asked before")
    assert receipt.usage is not None
    assert (receipt.usage.completion_tokens, receipt.finish_reason) == (3, "stop")


@pytest.mark.parametrize(
    "other",
    [
        asked("one two four"),
        asked(tenant="somebody else"),
        asked(max_tokens=2),
        asked(stop=("x",)),
        replace(asked(), model="sage"),
        replace(asked(), model="auto"),
        replace(asked(), quality=0.3),
        replace(asked(), prompts=asked().prompts * 2),
        asked(temperature=0.0),
        replace(
            asked(),
            prompts=(replace(asked().prompts[0], tools=(Tool("f", "", {"type": "object"}),)),),
        ),
        replace(asked(), prompts=(replace(asked().prompts[0], format=Format("json_object")),)),
        replace(asked(), prompts=(replace(asked().prompts[0], begun="one"),)),
    ],
)
async def test_whatever_could_change_the_answer_makes_it_another_question(other: Request) -> None:
    bench = Bench()
    await bench.ask(asked())
    assert (await bench.ask(other))[1] == "miss"


async def test_who_is_in_a_hurry_asks_the_same() -> None:
    bench = Bench()
    await bench.ask(asked())
    prompt = replace(asked().prompts[0], request_id="other", priority=3, timeout=9.0)
    assert (await bench.ask(replace(asked(), prompts=(prompt,))))[1] == "hit"


async def test_every_choice_comes_back_in_its_place() -> None:
    bench, receipts = Bench(), [Receipt(), Receipt()]
    prompts = (asked("a b").prompts[0], asked("c d").prompts[0])
    both = Request("echo", prompts, True, OPEN)
    answers = [
        [chunk async for chunk in bench.pipeline.answer(both, receipt)] for receipt in receipts
    ]
    for chunks in answers:
        texts = ["".join(c.text for c in chunks if c.index == index) for index in range(2)]
        assert texts == ["a b", "c d"]
    assert [receipt.cache for receipt in receipts] == ["miss", "hit"]
    assert receipts[0].usage == receipts[1].usage


async def test_a_varied_answer_is_never_given_again_unless_a_seed_repeats_it() -> None:
    bench = Bench()
    for expected in ("varied", "varied"):
        assert (await bench.ask(asked(temperature=0.9)))[1] == expected
    for expected in ("miss", "hit"):
        assert (await bench.ask(asked(temperature=0.9, seed=1)))[1] == expected


async def test_the_owner_may_turn_it_off() -> None:
    bench = Bench(cache={"enabled": False})
    assert [(await bench.ask(asked()))[1] for _ in range(2)] == ["off", "off"]


async def test_the_client_may_want_a_new_answer_or_leave_no_trace() -> None:
    bench = Bench()

    async def ask(**wish: Any) -> str | None:
        return (await bench.ask(replace(asked(), wish=Freshness(**wish))))[1]

    assert await ask(read=False, keep=False) == "no-store"
    assert await ask() == "miss"
    assert await ask(read=False) == "miss"
    assert await ask(max_age=0.0) == "miss"
    assert await ask(max_age=60.0) == "hit"
    assert bench.generated == 4


async def test_what_broke_or_was_somebody_elses_is_not_kept() -> None:
    bench = Bench(Script(fail_after=1, fail_times=1))
    with pytest.raises(EngineInterrupted):
        await bench.ask(asked())
    assert (await bench.ask(asked()))[1] == "miss"
    bench = Bench(Script(fail_after=0, fail_times=1), retry={"attempts": 3})
    assert [(await bench.ask(asked()))[1] for _ in range(3)] == ["miss", "miss", "hit"]


async def test_what_was_given_under_pressure_is_not_kept() -> None:
    remembering = Remembering(CacheSettings(), LocalMemory(1 << 20, 3600))
    engine = ScriptedEngine("echo")
    prompt = asked().prompts[0]
    for _ in range(2):
        receipt = Receipt(tier="small", model="echo", brownout=("shorter_output",))
        asking = Asking(None, "one two three")
        begun = partial(engine.generate, prompt)
        answers = remembering.answer(Wanted(question(prompt), asking, receipt, begun))
        assert [chunk.text async for chunk in answers]
        assert receipt.cache == "miss"
    assert len(engine.prompts) == 2


async def test_a_reader_who_leaves_early_leaves_nothing_behind() -> None:
    bench = Bench(Script(token_delay=0.05))
    chunks = bench.pipeline.answer(asked(), Receipt())
    await anext(chunks)
    await chunks.aclose()
    assert bench.small.running == 0
    assert (await bench.ask(asked()))[1] == "miss"


@pytest.mark.parametrize("stream", [True, False])
async def test_a_hundred_who_ask_at_once_are_answered_by_one_generation(stream: bool) -> None:
    bench, receipts = Bench(Script(token_delay=0.02)), [Receipt() for _ in range(100)]
    answers = await asyncio.gather(*(bench.ask(asked(stream=stream), r) for r in receipts))
    assert bench.generated == 1
    assert {text for text, _ in answers} == {"one two three"}
    assert sorted(cache or "" for _, cache in answers) == ["joined"] * 99 + ["miss"]
    assert {(r.tier, r.model) for r in receipts} == {("small", "echo")}


async def test_another_tenant_joins_nothing() -> None:
    bench = Bench(Script(token_delay=0.02))
    answers = await asyncio.gather(*(bench.ask(asked(tenant=str(i))) for i in range(5)))
    assert {cache for _, cache in answers} == {"miss"}


async def test_the_first_may_leave_and_the_others_get_their_answer() -> None:
    bench = Bench(Script(token_delay=0.05))
    first = bench.pipeline.answer(asked(), Receipt())
    await anext(first)
    joined = asyncio.create_task(bench.ask(asked()))
    await asyncio.sleep(0)
    await first.aclose()
    assert await joined == ("one two three", "joined")
    assert bench.generated == 1
    assert bench.small.running == 0


async def test_what_the_first_one_is_refused_the_next_one_asks_for_itself() -> None:
    """The first has too little time, and so has who joined it for what it lacks alone."""
    bench = Bench(Script(first_token_delay=0.2))
    hurried = replace(asked().prompts[0], timeout=0.05)
    first = asyncio.create_task(bench.ask(replace(asked(), prompts=(hurried,))))
    await asyncio.sleep(0.01)
    second = asyncio.create_task(bench.ask(asked()))
    with pytest.raises(GenerationTimeout):
        await first
    assert (await second)[0] == "one two three"


async def test_cancelling_at_any_moment_gives_nobody_anothers_answer() -> None:
    """16 tenants, each with a word of its own, and readers that leave whenever it hurts."""
    bench = Bench(Script(token_delay=0.001))
    own = [f"word-{tenant} and some more" for tenant in range(16)]
    for moment in range(60):
        asking = [
            asyncio.create_task(bench.ask(asked(own[tenant], str(tenant), n % 2 == 0)))
            for tenant in range(16)
            for n in range(2)
        ]
        await asyncio.sleep(moment * 0.0002)
        for task in asking[moment % 3 :: 3]:
            task.cancel()
        for number, told in enumerate(await asyncio.gather(*asking, return_exceptions=True)):
            if not isinstance(told, BaseException):
                assert told[0] == own[number // 2]
    assert bench.small.running == 0


PROMPTS = st.builds(
    Prompt,
    st.just("req"),
    st.sampled_from(["a", "b"]),
    st.text(max_size=3) | st.tuples(st.builds(Message, st.just("user"), st.text(max_size=3))),
    st.builds(Sampling, st.sampled_from([0.0, 0.2]), max_tokens=st.sampled_from([None, 1])),
)


def question(*prompts: Prompt) -> Question:
    models = [("echo", "1")]
    return Question("echo", models, prompts, (), None, OPEN, None, True, 0.0, Freshness())


@given(st.lists(PROMPTS, min_size=1, max_size=2), st.lists(PROMPTS, min_size=1, max_size=2))
def test_digests_are_equal_only_for_equal_questions(one: list[Prompt], other: list[Prompt]) -> None:
    same = question(*one).digest() == question(*other).digest()
    assert same == (one == other)


def test_digests_of_another_installation_are_others() -> None:
    """Whoever reads a receipt, which names the kept answer, cannot try guesses."""
    here = replace(question(asked().prompts[0]), salt=b"here")
    assert here.digest() == replace(here).digest()
    assert here.digest() != replace(here, salt=b"there").digest()
    assert here.context() != replace(here, salt=b"there").context()


@pytest.mark.parametrize(
    "change",
    [
        lambda q: replace(q, models=[("echo", "2")]),
        lambda q: replace(q, unset=frozenset()),
        lambda q: replace(q, model="auto"),
        lambda q: replace(q, only=True),
        lambda q: replace(q, only=False),
        lambda q: replace(q, sources=[("vs_1", "file_1", "said")]),
    ],
)
def test_another_revision_or_rule_is_another_question(
    change: Callable[[Question], Question],
) -> None:
    asked_first = question(asked().prompts[0])
    assert change(asked_first).digest() != asked_first.digest()


def test_a_chunk_is_all_that_a_kept_answer_needs() -> None:
    """Whoever adds a field to `Chunk` is reminded that kept answers carry it, too."""
    assert set(Chunk.__dataclass_fields__) == {
        "text", "tokens", "logprobs", "calls", "finish_reason", "usage", "index", "reasoning",
        "citations",
    }  # fmt: skip
