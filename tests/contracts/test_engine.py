"""The definition of a correct engine: every kind runs this suite.

What only a real model can show (biases, seeds) is asked of kinds with a real model. Shapes of
answers are in `test_engine_shapes.py`.
"""

import asyncio
import random
from contextlib import aclosing
from dataclasses import replace

import pytest

from models.engine import Engine, Message
from models.errors import (
    ContextLengthExceeded,
    GenerationTimeout,
    PromptRefused,
)
from tests.contracts.engines import CONTEXT, LONG, answer, ask, chunks_of
from tests.contracts.over_http import behind

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def idle(engine: Engine) -> None:
    """Waits until nothing runs, here and behind it; a deadline ends a wait in vain."""
    async with asyncio.timeout(20):
        for one in (engine, *behind(engine)):
            while (load := await one.load()).running or load.waiting:
                await asyncio.sleep(0.005)


# A stream and its end


async def test_exactly_the_last_chunk_has_a_reason_and_usage(engine: Engine) -> None:
    chunks = await chunks_of(engine, ask())
    assert chunks
    assert [c.finish_reason is not None for c in chunks] == [False] * (len(chunks) - 1) + [True]
    assert [c.usage is not None for c in chunks] == [False] * (len(chunks) - 1) + [True]
    assert {c.index for c in chunks} == {0}


async def test_usage_counts_what_the_chunks_carried(engine: Engine) -> None:
    chunks = await chunks_of(engine, ask(max_tokens=7))
    usage = chunks[-1].usage
    assert usage is not None
    assert usage.completion_tokens == sum(c.tokens for c in chunks) <= 7
    assert 0 <= usage.cached_tokens <= usage.prompt_tokens
    longer = (await answer(engine, ask(LONG + " eleven twelve", max_tokens=7))).usage
    assert longer is not None
    assert longer.prompt_tokens > usage.prompt_tokens


@pytest.mark.parametrize("limit", [1, 2, 5])
async def test_a_limit_ends_the_answer_with_length(engine: Engine, limit: int) -> None:
    got = await answer(engine, ask(max_tokens=limit))
    assert (got.finish_reason, got.tokens) == ("length", limit)


async def test_an_answer_that_ends_by_itself_says_stop(engine: Engine) -> None:
    got = await answer(engine, ask("Say only: yes", max_tokens=200))
    assert got.finish_reason == "stop"


@pytest.mark.parametrize("given", ["Once upon a time", (30, 40, 50)])
async def test_raw_text_and_token_ids_are_prompts_too(engine: Engine, given) -> None:
    assert (await answer(engine, replace(ask(), input=given))).tokens > 0


async def test_the_card_tells_the_context(engine: Engine) -> None:
    assert engine.card.context_length == CONTEXT
    assert engine.card.revision


# Stop strings


async def test_a_stop_string_ends_the_answer_and_is_not_said(engine: Engine) -> None:
    whole = (await answer(engine, ask())).text
    for length in (1, 3, 7):  # the longer ones span tokens
        stop = whole[6 : 6 + length]
        got = await answer(engine, ask(stop=(stop, "never said")))
        assert got.text == whole[: whole.find(stop)]
        assert got.finish_reason == "stop"


async def test_no_chunk_shows_the_beginning_of_a_stop_string(engine: Engine) -> None:
    whole = (await answer(engine, ask())).text
    stop = whole[8:16]
    said = ""
    async for chunk in engine.generate(ask(stop=(stop,))):
        said += chunk.text
        assert len(said) <= whole.find(stop)


async def test_what_only_looked_like_a_stop_string_is_said(engine: Engine) -> None:
    whole = (await answer(engine, ask())).text
    assert (await answer(engine, ask(stop=(whole[8:12] + "\u2603",)))).text == whole


# Leaving early


async def test_closing_early_frees_the_slot(engine: Engine) -> None:
    async with aclosing(engine.generate(ask(max_tokens=200))) as stream:
        await anext(stream)
        assert (await engine.load()).running == 1
    await idle(engine)


async def test_cancelling_the_reader_frees_the_slot(engine: Engine) -> None:
    reader = asyncio.create_task(answer(engine, ask(max_tokens=300)))
    async with asyncio.timeout(20):
        while not (await engine.load()).running:
            await asyncio.sleep(0.001)
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    await idle(engine)


async def test_a_deadline_ends_the_answer_and_frees_the_slot(engine: Engine) -> None:
    endless = replace(ask("word " * 100, max_tokens=200), timeout=0.05)
    with pytest.raises(GenerationTimeout):
        await answer(engine, endless)
    await idle(engine)


async def test_cancelling_and_asking_again_at_random_mixes_nothing_up(engine: Engine) -> None:
    questions = [f"Repeat this number: {n}" for n in range(8)]
    expected = [(await answer(engine, ask(q, max_tokens=8))).text for q in questions]
    dice = random.Random(7)

    async def one(choice: int, patience: int) -> None:
        said = ""
        async with aclosing(engine.generate(ask(questions[choice], max_tokens=8))) as stream:
            async for chunk in stream:
                said += chunk.text
                patience -= 1
                if not patience:
                    break
        assert expected[choice].startswith(said)

    for _ in range(25):
        await asyncio.gather(*(one(dice.randrange(8), dice.randrange(1, 12)) for _ in range(8)))
    await idle(engine)


# Many at once


async def test_many_at_once_get_their_own_answers(engine: Engine) -> None:
    questions = [f"Repeat this word: {word}" for word in ("red", "green", "blue", "black")] * 6
    alone = [(await answer(engine, ask(q))).text for q in questions[:4]]
    together = await asyncio.gather(*(answer(engine, ask(q)) for q in questions))
    assert [got.text for got in together] == alone * 6
    await idle(engine)


# Refusals


async def test_a_prompt_beyond_the_context_is_refused_with_both_counts(engine: Engine) -> None:
    for given, param in [
        ((Message("user", "word " * 600),), "messages"),
        ("word " * 600, "prompt"),
    ]:
        with pytest.raises(ContextLengthExceeded, match=f"{CONTEXT} tokens") as refused:
            await answer(engine, replace(ask(), input=given))
        assert refused.value.param == param
        assert refused.value.code == "context_length_exceeded"


async def test_prompt_and_output_together_must_fit(engine: Engine) -> None:
    with pytest.raises(ContextLengthExceeded, match=f"{CONTEXT} for the completion"):
        await answer(engine, ask(max_tokens=CONTEXT))


async def test_without_a_limit_the_context_is_the_limit(engine: Engine) -> None:
    got = await answer(engine, ask("Say only: yes", max_tokens=None))
    assert got.usage is not None
    assert got.usage.total_tokens <= CONTEXT


# Log probabilities


async def test_log_probabilities_come_only_when_asked(engine: Engine) -> None:
    assert (await answer(engine, ask())).logprobs == ()
    for top in (0, 3):
        got = await answer(engine, ask(top_logprobs=top, max_tokens=5))
        assert len(got.logprobs) == got.tokens
        for token in got.logprobs:
            assert token.logprob <= 0
            assert len(token.top) == top
            assert [t.logprob for t in token.top] == sorted(
                (t.logprob for t in token.top), reverse=True
            )


async def test_the_spelled_tokens_join_to_the_answer(engine: Engine) -> None:
    got = await answer(engine, ask(top_logprobs=0, max_tokens=5))
    assert b"".join(token.token_bytes for token in got.logprobs).decode() == got.text


# Sampling


async def test_a_seed_reproduces_and_another_differs(real: Engine) -> None:
    prompts = [ask("Tell a story.", greedy=False, seed=seed, max_tokens=20) for seed in (1, 1, 2)]
    first, again, other = [(await answer(real, prompt)).text for prompt in prompts]
    assert first == again != other


async def test_a_bias_decides_between_tokens(real: Engine) -> None:
    async def said(bias: dict[int, float]) -> str:
        return (await answer(real, ask(max_tokens=1, logit_bias=bias))).text

    first, second = await said({1000: 100.0}), await said({1001: 100.0})
    assert first != second
    assert await said({1000: 90.0, 1001: 80.0}) == first
    assert await said({1000: -100.0, 1001: 80.0}) == second


async def test_ids_outside_the_vocabulary_are_refused(real: Engine) -> None:
    for prompt, param in [
        (ask(logit_bias={10**6: 1.0}), "logit_bias"),
        (replace(ask(), input=(10**6,)), "prompt"),
        (replace(ask(), input=(-1,)), "prompt"),
    ]:
        with pytest.raises(PromptRefused) as refused:
            await answer(real, prompt)
        assert refused.value.param == param


async def test_no_character_is_ever_split(real: Engine) -> None:
    question = "Repeat: 😀 ñ 漢字 🏳️‍🌈 é 😀 ñ 漢字"
    for chunk in await chunks_of(real, ask(question, max_tokens=80)):
        assert "\ufffd" not in chunk.text
