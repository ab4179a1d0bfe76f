"""The CPU engine with the real model: what the contract for every engine does not say."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from models.engine import Chunk, Message, Prompt, PromptInput, Sampling, merge
from models.errors import (
    ContextLengthExceeded,
    EngineBusy,
    EngineInterrupted,
    EngineUnavailable,
    GenerationTimeout,
    ModelRefused,
    PromptRefused,
)
from models.llama.engine import LlamaEngine, LlamaSettings
from models.llama.library import Context
from models.llama.settings import Layout, bundled_model

pytestmark = pytest.mark.slow

PASSAGE = Path("benchmarks/passage.txt").read_text()
COPY = (Message("user", f"Repeat this text word for word:\n\n{PASSAGE[:400]}"),)
LONG = tuple(range(1000, 1300))
EXACT = Layout(kv_type="f16", row_cost=0.05)  # drafts pay at once


def settings(**changes: object) -> LlamaSettings:
    values: dict[str, object] = {"threads": 1, "slots": 4, "context_length": 512, "layout": EXACT}
    return LlamaSettings(**{**values, **changes})  # type: ignore[arg-type]


@pytest.fixture
async def engine() -> AsyncIterator[LlamaEngine]:
    engine = LlamaEngine(settings())
    yield engine
    await engine.close()


def ask(text: PromptInput, tenant: str = "a", timeout: float | None = None, **sampling: object):
    values = {"temperature": 0, "max_tokens": 8, **sampling}
    return Prompt("r", tenant, text, Sampling(**values), timeout=timeout)


async def answer(engine: LlamaEngine, prompt: Prompt) -> Chunk:
    return merge([chunk async for chunk in engine.generate(prompt)])


async def cached(engine: LlamaEngine, prompt: Prompt) -> int:
    usage = (await answer(engine, prompt)).usage
    assert usage
    return usage.cached_tokens


async def idle(engine: LlamaEngine) -> None:
    async with asyncio.timeout(20):
        while (await engine.load()).running:
            await asyncio.sleep(0)


async def test_the_bundled_model_answers(engine: LlamaEngine) -> None:
    said = await answer(engine, ask((Message("user", "Say hello."),)))
    assert said.text
    assert said.usage
    assert said.usage.completion_tokens == said.tokens


@pytest.mark.parametrize("unified", [False, True])
async def test_a_prefix_is_reused_within_a_tenant_only(unified: bool) -> None:
    layout = Layout(unified=unified, kv_type="f16")
    engine = LlamaEngine(settings(layout=layout))
    fresh = await answer(engine, ask((*LONG, 7)))
    assert await cached(engine, ask((*LONG, 9))) == len(LONG)
    assert await cached(engine, ask((*LONG, 7), tenant="b")) == 0
    assert (await answer(engine, ask((*LONG, 7)))).text == fresh.text
    await engine.close()


async def test_sessions_that_come_at_once_share_their_prefix(engine: LlamaEngine) -> None:
    prompts = [ask((*LONG, 50 + i)) for i in range(4)]
    hits = await asyncio.gather(*(cached(engine, prompt) for prompt in prompts))
    assert sorted(hits) == [0, len(LONG), len(LONG), len(LONG)]


async def test_speculation_changes_nothing_in_copied_text() -> None:
    texts, steps = [], []
    for speculate in (False, True):
        engine = LlamaEngine(settings(speculate=speculate))
        chunks = [c async for c in engine.generate(ask(COPY, max_tokens=80))]
        texts.append(merge(chunks).text)
        steps.append(len(chunks))
        await engine.close()
    assert texts[0] == texts[1]
    assert steps[1] < steps[0] / 2


async def test_sampled_text_is_the_same_with_and_without_drafts() -> None:
    texts = set()
    for speculate in (False, True):
        engine = LlamaEngine(settings(speculate=speculate))
        prompt = ask(COPY, temperature=0.5, seed=11, max_tokens=60)
        texts.add((await answer(engine, prompt)).text)
        await engine.close()
    assert len(texts) == 1


async def test_who_else_runs_does_not_change_an_answer(engine: LlamaEngine) -> None:
    prompt = ask((Message("user", "Write a poem."),), temperature=0.8, seed=5, max_tokens=12)
    alone = await answer(engine, prompt)
    others = [ask(f"Once upon a time {i}", tenant=f"t{i}", max_tokens=30) for i in range(3)]
    together, *_ = await asyncio.gather(*(answer(engine, p) for p in (prompt, *others)))
    assert together.text == alone.text


async def test_leaving_early_frees_the_slot(engine: LlamaEngine) -> None:
    async with aclosing(engine.generate(ask("Once upon a time", max_tokens=400))) as chunks:
        await anext(chunks)
        assert (await engine.load()).running == 1
    await idle(engine)


async def test_a_stop_string_ends_the_answer_and_the_computing(engine: LlamaEngine) -> None:
    free = await answer(engine, ask("One, two, three,", max_tokens=30))
    stop = free.text[10:14]
    stopped = await answer(engine, ask("One, two, three,", max_tokens=30, stop=(stop,)))
    assert stopped.finish_reason == "stop"
    assert stopped.text == free.text[: free.text.index(stop)]
    await idle(engine)


async def test_a_deadline_ends_the_answer(engine: LlamaEngine) -> None:
    with pytest.raises(GenerationTimeout):
        await answer(engine, ask("Once upon a time", timeout=0.0, max_tokens=400))
    await idle(engine)


async def test_what_does_not_fit_is_refused_with_both_counts(engine: LlamaEngine) -> None:
    with pytest.raises(
        ContextLengthExceeded, match=r"512.*\(300 in the prompt, 213 for"
    ) as refused:
        await answer(engine, ask(LONG, max_tokens=213))
    assert refused.value.param == "prompt"
    assert (await answer(engine, ask(LONG, max_tokens=212))).usage


async def test_without_max_tokens_an_answer_ends_with_the_context(engine: LlamaEngine) -> None:
    said = await answer(engine, ask(tuple(range(1000, 1500)), max_tokens=None))
    assert said.usage
    assert said.usage.total_tokens <= 512


@pytest.mark.parametrize(
    ("prompt", "param"),
    [
        (ask((10**9,)), "prompt"),
        (ask((-1,)), "prompt"),
        (ask("\ud800"), "prompt"),
        (ask("x", logit_bias={49152: 1.0}), "logit_bias"),
    ],
)
async def test_what_cannot_be_answered_is_refused_by_name(
    engine: LlamaEngine, prompt: Prompt, param: str
) -> None:
    with pytest.raises(PromptRefused, match=param) as refused:
        await answer(engine, prompt)
    assert refused.value.param == param


async def test_a_full_waiting_room_says_when_to_come_back() -> None:
    engine = LlamaEngine(settings(slots=1, max_waiting=1))
    busy = [engine.generate(ask("Once upon a time", max_tokens=300)) for _ in range(2)]
    await anext(busy[0])
    waits = asyncio.create_task(anext(busy[1]))
    await asyncio.sleep(0)
    with pytest.raises(EngineBusy) as refused:
        await answer(engine, ask("me too"))
    assert 1 <= refused.value.retry_after <= 60
    waits.cancel()
    await asyncio.gather(waits, return_exceptions=True)
    await busy[0].aclose()
    await engine.close()


async def test_a_step_that_fails_breaks_off_what_ran_and_nothing_else(
    engine: LlamaEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise EngineInterrupted("for the test")

    with monkeypatch.context() as patch:
        patch.setattr(Context, "decode", fail)
        with pytest.raises(EngineInterrupted):
            await answer(engine, ask("Once upon a time"))
    await engine.health()
    assert (await answer(engine, ask("Once upon a time"))).text


async def test_closing_interrupts_what_runs_and_refuses_what_comes() -> None:
    engine = LlamaEngine(settings())
    chunks = engine.generate(ask("Once upon a time", max_tokens=400))
    await anext(chunks)
    await engine.close()
    with pytest.raises(EngineInterrupted):
        async for _ in chunks:
            pass
    with pytest.raises(EngineUnavailable):
        await answer(engine, ask("anybody there?"))


async def test_an_altered_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelRefused):
        LlamaEngine(settings(sha256="0" * 64))
    half = tmp_path / "half.gguf"
    half.write_bytes(bundled_model().read_bytes()[: 1 << 20])
    with pytest.raises(ModelRefused):
        LlamaEngine(settings(path=half))


async def test_load_tells_what_happens(engine: LlamaEngine) -> None:
    async with aclosing(engine.generate(ask(LONG, max_tokens=100))) as chunks:
        await anext(chunks)
        load = await engine.load()
    assert (load.running, load.waiting, load.slots_total) == (1, 0, 4)
    assert len(LONG) <= load.kv_tokens_used < load.kv_tokens_total == 4 * 512
    assert load.prefill_rate > 0
    assert load.memory_total > load.memory_used > 90_000_000
