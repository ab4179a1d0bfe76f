"""What an upstream may do to us, over real connections: cut, stall, refuse and lie."""

import asyncio
import socket
from contextlib import aclosing
from dataclasses import replace

import pytest

from models.engine import Chunk, Message, Prompt, Usage, merge
from models.errors import (
    ContextLengthExceeded,
    EngineBusy,
    EngineError,
    EngineInterrupted,
    EngineUnavailable,
    GenerationTimeout,
    PromptRefused,
)
from models.upstream.engine import UpstreamEngine
from models.upstream.event_stream import MAX_EVENT_BYTES
from models.upstream.settings import Patience
from tests.models.upstream.fake_upstream import (
    DONE,
    EVENTS,
    HEAD,
    KEY,
    Script,
    choice,
    engine_at,
    engine_of,
    event,
    refusal,
    says,
    status,
    then_waits,
    upstream,
    usage,
)

PROMPT = Prompt("req_1", "tenant-7", (Message("user", "Hello there"),))
HELLO = choice(content="Hel") + choice(content="lo")
END = choice("stop") + usage(9, 2) + DONE
IMPATIENT = Patience(connect=5, first=0.05, between=0.05, whole=20)


async def answer(engine: UpstreamEngine, prompt: Prompt = PROMPT) -> Chunk:
    return merge([chunk async for chunk in engine.generate(prompt)])


async def told(*parts: bytes) -> Chunk:
    async with engine_of(says(HEAD, *parts)) as engine:
        return await answer(engine)


async def error_of(script: Script, prompt: Prompt = PROMPT, **fields: object) -> EngineError:
    """What an answer ends with; nothing runs any more then, and nothing was given away."""
    async with engine_of(script, **fields) as engine:
        with pytest.raises(EngineError) as raised:
            await answer(engine, prompt)
        load = await engine.load()
        assert (load.running, load.waiting, load.kv_tokens_used) == (0, 0, 0)
    assert KEY not in raised.value.message
    assert "127.0.0.1" not in raised.value.message
    return raised.value


# What it is told


async def test_it_learns_nothing_of_who_asks_but_an_id_of_the_attempt() -> None:
    async with upstream(says(HEAD, HELLO, END)) as fake, engine_at(fake.port) as engine:
        await answer(engine)
        await answer(engine)
        asked = fake.asked
    assert [one.line for one in asked] == ["POST /v1/chat/completions HTTP/1.1"] * 2
    assert asked[0].headers["authorization"] == f"bearer {KEY}"
    ids = [one.headers["x-request-id"] for one in asked]
    assert len(set(ids)) == 2
    assert "tenant-7" not in str(asked)
    assert set(asked[0].headers) == {
        *("host", "accept", "accept-encoding", "connection", "user-agent", "content-type"),
        *("authorization", "x-request-id", "content-length"),
    }


async def test_without_a_key_none_is_sent() -> None:
    async with upstream(says(HEAD, END)) as fake, engine_at(fake.port, api_key="") as engine:
        await answer(engine)
    assert "authorization" not in fake.asked[0].headers


async def test_a_kept_connection_serves_the_next_answer() -> None:
    body = HELLO + END
    chunk = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    head = EVENTS + b"transfer-encoding: chunked\r\n\r\n"

    async def many(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.writelines((head, chunk))
        if await reader.readuntil(b"\r\n\r\n"):
            writer.writelines((head, chunk))

    async with upstream(many) as fake, engine_at(fake.port) as engine:
        assert [(await answer(engine)).text for _ in range(2)] == ["Hello", "Hello"]
        assert len(fake.asked) == 1  # the fake reads one request per connection


# What is counted


async def test_usage_is_the_upstreams_and_the_last_chunk_makes_up_for_the_rest() -> None:
    got = await told(HELLO, choice("stop"), usage(9, 5, cached=4), DONE)
    assert (got.text, got.tokens, got.usage) == ("Hello", 5, Usage(9, 5, 4))


async def test_without_usage_pieces_are_counted() -> None:
    got = await told(HELLO, choice("length"), DONE)
    assert (got.tokens, got.finish_reason) == (2, "length")
    assert got.usage is not None
    assert got.usage.completion_tokens == 2
    assert got.usage.prompt_tokens > 0


# How an answer may end


async def test_an_answer_with_its_reason_is_complete_without_done() -> None:
    assert (await told(HELLO, choice("stop"))).text == "Hello"


async def test_an_upstream_that_never_hangs_up_delays_nothing() -> None:
    async with engine_of(then_waits(HEAD, HELLO, END)) as engine, asyncio.timeout(5):
        assert (await answer(engine)).text == "Hello"


@pytest.mark.parametrize(
    "parts",
    [
        (HELLO,),
        (HELLO, DONE),
        (),
        (HELLO, b'data: {"choices": [{"delta": {"con'),
        (HELLO, b"data: {}}\n\n"),
        (HELLO, b"data: []\n\n"),
        (HELLO, event(choices=[7])),
        (HELLO, choice("haywire"), DONE),
    ],
)
async def test_an_answer_that_breaks_off_is_interrupted(parts: tuple[bytes, ...]) -> None:
    assert type(await error_of(says(HEAD, *parts))) is EngineInterrupted


async def test_a_connection_cut_in_a_chunk_is_an_interruption() -> None:
    head = EVENTS + b"transfer-encoding: chunked\r\n\r\nfff\r\n"
    assert type(await error_of(says(head, HELLO))) is EngineInterrupted


@pytest.mark.parametrize("junk", [b"data: " + b"x" * MAX_EVENT_BYTES * 2, b": x\n" * 3_000_000])
async def test_no_flood_is_read_to_its_end(junk: bytes) -> None:
    assert type(await error_of(says(HEAD, junk), context_length=128)) is EngineInterrupted


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"message": "dead", "code": "engine_interrupted"}, EngineInterrupted),
        ({"message": "late", "code": "deadline_exceeded"}, GenerationTimeout),
        ({"message": "no", "type": "invalid_request_error"}, PromptRefused),
        ({"message": "slow down", "code": 429}, EngineBusy),
        ("all is lost", EngineInterrupted),
    ],
)
async def test_an_error_among_the_events_ends_the_answer(error: object, kind: type) -> None:
    assert type(await error_of(says(HEAD, HELLO, event(error=error), DONE))) is kind


# What it refuses


@pytest.mark.parametrize(
    ("script", "kind", "retry_after"),
    [
        (status("429 Too Many Requests", b"", "retry-after: 7"), EngineBusy, 7),
        (status("429 Too Many Requests"), EngineBusy, 1),
        (status("503 Busy", refusal("full", code="engine_busy")), EngineBusy, 1),
        (status("503 Down", b"", "retry-after: 30"), EngineUnavailable, 30),
        (status("502 Bad Gateway", b"<html>nginx</html>"), EngineUnavailable, 5),
        (status("401 Unauthorized", refusal(f"Wrong key {KEY}")), EngineUnavailable, 600),
        (status("403 Forbidden"), EngineUnavailable, 600),
        (status("404 Not Found", b"<html>"), EngineUnavailable, 600),
        (status("302 Found", b"", "location: http://127.0.0.1:1/"), EngineUnavailable, 5),
        (status("200 OK", b"<html>", "content-type: text/html"), EngineUnavailable, 5),
        (says(b"SSH-2.0-OpenSSH_9\r\n"), EngineUnavailable, 5),
        (says(), EngineUnavailable, 5),
        (
            says(EVENTS, b"content-encoding: gzip\r\nconnection: close\r\n\r\n", END),
            EngineUnavailable,
            5,
        ),
    ],
)
async def test_a_refusal_becomes_ours(script: Script, kind: type, retry_after: float) -> None:
    error = await error_of(script)
    assert type(error) is kind
    assert error.retry_after == retry_after  # type: ignore[attr-defined]


async def test_a_refused_key_is_the_owners_affair() -> None:
    assert "API key" in (await error_of(status("401 Unauthorized"))).message


async def test_a_prompt_is_refused_in_the_upstreams_words_without_addresses() -> None:
    words = "Bad 'top_p', see https://docs.example/?key=1"
    body = refusal(words, param="top_p", code="decimal_above_max_value")
    error = await error_of(status("400 Bad Request", body))
    assert error.args == ("Bad 'top_p', see (address)", "top_p", "decimal_above_max_value")
    body = refusal(f"No such thing at 127.0.0.1 with {KEY}", param="/etc/passwd")
    error = await error_of(status("400 Bad Request", body))
    assert error.args == ("The upstream refuses this request.", None, "invalid_value")


@pytest.mark.parametrize(
    "fields",
    [
        {"message": "Too long.", "code": "context_length_exceeded"},
        {"message": "This model's maximum context length is 8 tokens.", "code": 400},
    ],
)
async def test_a_prompt_that_is_too_long_is_told_apart(fields: dict[str, object]) -> None:
    error = await error_of(status("400 Bad Request", refusal(**fields)))  # type: ignore[arg-type]
    assert type(error) is ContextLengthExceeded
    assert (error.param, error.code) == ("messages", "context_length_exceeded")


async def test_what_the_caller_did_not_write_is_not_the_callers_fault() -> None:
    body = refusal("Unknown parameter", param="stream_options")
    assert type(await error_of(status("400 Bad Request", body))) is EngineUnavailable


async def test_half_a_character_is_refused_before_anything_is_sent() -> None:
    broken = replace(PROMPT, input=(Message("user", "\ud83d"),))
    error = await error_of(says(), broken)
    assert (type(error), error.args[1]) == (PromptRefused, "messages")


# Time


async def test_nobody_at_the_address_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    async with engine_at(port) as engine:
        with pytest.raises(EngineUnavailable):
            await answer(engine)


async def test_a_first_token_that_does_not_come_is_unavailable() -> None:
    beats = HEAD + b": heartbeat\n\n"
    for script in (then_waits(), then_waits(beats), then_waits(beats, choice(role="assistant"))):
        assert type(await error_of(script, patience=IMPATIENT)) is EngineUnavailable


async def test_a_token_that_does_not_follow_is_an_interruption() -> None:
    script = then_waits(HEAD, HELLO)
    assert type(await error_of(script, patience=IMPATIENT)) is EngineInterrupted


async def test_the_prompts_own_deadline_counts_first() -> None:
    hurried = replace(PROMPT, timeout=0.05)
    assert type(await error_of(then_waits(HEAD, HELLO), hurried)) is GenerationTimeout


async def test_a_whole_answer_has_a_deadline_without_the_prompts() -> None:
    patience = Patience(connect=5, first=10, between=10, whole=0.05)
    assert type(await error_of(then_waits(HEAD), patience=patience)) is GenerationTimeout


# Leaving


async def test_leaving_early_makes_the_upstream_stop() -> None:
    async with upstream(then_waits(HEAD, HELLO)) as fake, engine_at(fake.port) as engine:
        async with aclosing(engine.generate(PROMPT)) as stream:
            await anext(stream)
        async with asyncio.timeout(10):
            await fake.left.wait()


async def test_closing_the_engine_wakes_who_waits_for_a_token() -> None:
    async with engine_of(then_waits(HEAD, HELLO)) as engine:
        stream = engine.generate(PROMPT)
        assert [(await anext(stream)).text, (await anext(stream)).text] == ["Hel", "lo"]
        waiting = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        await engine.close()
        with pytest.raises(EngineInterrupted):
            await waiting
        with pytest.raises(EngineUnavailable):
            await engine.health()


# How busy, how well


async def test_more_than_its_places_wait_and_more_than_that_are_refused() -> None:
    hello = then_waits(HEAD, HELLO)
    async with upstream(hello) as fake, engine_at(fake.port, slots=1, max_waiting=1) as engine:
        first, second = engine.generate(PROMPT), engine.generate(PROMPT)
        await anext(first)
        waiting = asyncio.ensure_future(anext(second))
        await asyncio.sleep(0)
        load = await engine.load()
        assert (load.running, load.waiting, load.slots_total) == (1, 1, 1)
        assert load.kv_tokens_used > 0
        with pytest.raises(EngineBusy):
            await answer(engine)
        assert len(fake.asked) == 1
        await first.aclose()
        assert (await waiting).text == "Hel"
        await second.aclose()


async def test_waiting_for_a_place_has_the_prompts_deadline() -> None:
    async with (
        engine_of(then_waits(HEAD, HELLO), slots=1) as engine,
        aclosing(engine.generate(PROMPT)) as running,
    ):
        await anext(running)
        with pytest.raises(GenerationTimeout):
            await answer(engine, replace(PROMPT, timeout=0.05))
        assert (await engine.load()).waiting == 0


async def test_rates_are_those_of_real_tokens() -> None:
    async with engine_of(says(HEAD, HELLO, choice("stop"), usage(90, 2, 40), DONE)) as engine:
        await answer(engine)
        load = await engine.load()
    assert load.prefill_rate == pytest.approx(25 * load.decode_rate, rel=0.01)


@pytest.mark.parametrize(
    ("line", "well"),
    [
        ("200 OK", True),
        ("404 Not Found", True),
        ("429 Too Many Requests", True),
        ("401 Unauthorized", False),
        ("500 Internal Server Error", False),
        ("301 Moved", False),
    ],
)
async def test_health_asks_for_the_list_of_models_once_in_a_while(line: str, well: bool) -> None:
    async with upstream(status(line)) as fake, engine_at(fake.port) as engine:
        for _ in range(3):
            if well:
                await engine.health()
            else:
                with pytest.raises(EngineUnavailable):
                    await engine.health()
        assert [one.line for one in fake.asked] == ["GET /v1/models HTTP/1.1"]


async def test_tokens_are_health_enough() -> None:
    async with upstream(says(HEAD, HELLO, END)) as fake, engine_at(fake.port) as engine:
        await answer(engine)
        await engine.health()
        assert len(fake.asked) == 1


async def test_an_upstream_that_got_stuck_is_not_well_until_it_goes_on() -> None:
    scripts = iter([then_waits(HEAD), says(HEAD, HELLO, END)])

    async def one_by_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await next(scripts)(reader, writer)

    async with engine_of(one_by_one, patience=IMPATIENT) as engine:
        with pytest.raises(EngineUnavailable):
            await answer(engine)
        with pytest.raises(EngineUnavailable, match="get on"):
            await engine.health()
        await answer(engine)
        await engine.health()
