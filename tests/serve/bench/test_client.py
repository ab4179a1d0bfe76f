"""What the client makes of answers: real ones over real sockets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from serve.bench.client import CONNECTION_LOST, NOT_CONNECTED, TIMED_OUT, Client
from serve.bench.sample import Sample
from serve.bench.target import Target
from tests.loopback_server import Handler, listening
from tests.serve.bench.conftest import WORDS


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[Target]:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await handler(reader, writer)

    async with listening(handle) as port:
        yield Target("bad", f"http://127.0.0.1:{port}", "m")


async def ask(target: Target, timeout: float = 20.0) -> Sample:
    client = Client(target, timeout)
    try:
        return await client.ask(target.chat("hello", WORDS))
    finally:
        client.close()


async def test_an_answer_is_timed_text_by_text_and_counted_by_its_usage(target: Target) -> None:
    sample = await ask(target)
    assert sample.error is None
    assert (sample.status, sample.output_tokens) == (200, WORDS)
    assert len(sample.texts) == WORDS
    assert sample.sent_at < sample.texts[0] <= sample.texts[-1] <= sample.ended_at


async def test_a_connection_is_used_again(target: Target) -> None:
    client = Client(target, 20.0)
    for _ in range(3):
        assert (await client.ask(target.chat("hello", 4))).error is None
    assert len(client._idle) == 1
    client.close()


async def test_a_refusal_tells_its_word_and_when_to_come_back() -> None:
    async def refuse(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        body = b'{"error": {"message": "Too many.", "code": "overloaded"}}'
        head = "HTTP/1.1 429 Too Many Requests\r\nretry-after: 7\r\ncontent-length: %d\r\n\r\n"
        writer.write((head % len(body)).encode() + body)

    async with serving(refuse) as target:
        sample = await ask(target)
    assert (sample.status, sample.error, sample.retry_after) == (429, "overloaded", 7.0)
    assert sample.refused


async def test_a_stream_that_breaks_off_is_a_failure() -> None:
    async def break_off(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\ndata:\r\n")

    async with serving(break_off) as target:
        assert (await ask(target)).error == CONNECTION_LOST


async def test_silence_ends_at_the_timeout() -> None:
    async def be_silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with serving(be_silent) as target:
        assert (await ask(target, timeout=0.2)).error == TIMED_OUT


async def test_what_is_no_http_is_a_failure() -> None:
    async def babble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.6\r\n")

    async with serving(babble) as target:
        assert (await ask(target)).error == "no_http"


@pytest.mark.parametrize("port", [1])
async def test_nobody_there_is_a_failure(port: int) -> None:
    assert (await ask(Target("none", f"http://127.0.0.1:{port}", "m"))).error == NOT_CONNECTED
