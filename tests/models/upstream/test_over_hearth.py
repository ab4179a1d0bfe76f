"""What another Hearth says as an upstream, beyond what the contract suite asks."""

from dataclasses import replace

import pytest

from models.engine import Chunk, ChunkStream, Message, Prompt, Sampling, merge
from models.errors import EngineInterrupted, EngineUnavailable
from models.scripted import Script, ScriptedEngine
from models.upstream.engine import UpstreamEngine
from models.upstream.settings import UpstreamSettings
from tests.contracts.over_http import MODEL, OverHttp, hearth, over_http

PROMPT = Prompt("req_1", "tenant-7", (Message("user", "one two three"),))


class Thinker(ScriptedEngine):
    async def generate(self, prompt: Prompt) -> ChunkStream:
        yield Chunk(reasoning="hm")
        async for chunk in super().generate(prompt):
            yield chunk


async def answer(engine: UpstreamEngine, prompt: Prompt = PROMPT) -> Chunk:
    return merge([chunk async for chunk in engine.generate(prompt)])


async def closing(engine: OverHttp) -> Chunk:
    try:
        return await answer(engine)
    finally:
        await engine.close()


async def test_thoughts_arrive_as_thoughts() -> None:
    got = await closing(over_http(Thinker()))
    assert (got.reasoning, got.text) == ("hm", "one two three")


async def test_an_engine_that_dies_behind_it_interrupts_the_answer() -> None:
    with pytest.raises(EngineInterrupted):
        await closing(over_http(ScriptedEngine(script=Script(fail_after=2))))


async def test_an_engine_that_is_away_behind_it_is_unavailable() -> None:
    away = ScriptedEngine()
    await away.close()
    with pytest.raises(EngineUnavailable):
        await closing(over_http(away))


async def test_a_key_that_it_does_not_know_is_the_owners_affair() -> None:
    with hearth(ScriptedEngine()) as (url, _):
        engine = UpstreamEngine(UpstreamSettings("ours", f"{url}/v1", MODEL, "hearth_wrong"))
        for ask in (answer(engine), engine.health()):
            with pytest.raises(EngineUnavailable, match="API key"):
                await ask
        await engine.close()


async def test_raw_text_has_log_probabilities_too() -> None:
    engine = over_http(ScriptedEngine())
    raw = replace(PROMPT, input="one two", sampling=Sampling(max_tokens=9, top_logprobs=2))
    got = await answer(engine, raw)
    assert [token.token for token in got.logprobs] == ["one", " two"]
    assert [len(token.top) for token in got.logprobs] == [2, 2]
    await engine.close()
