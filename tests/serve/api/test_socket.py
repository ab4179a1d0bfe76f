"""What only a real connection shows: raw requests, slow ones, and clients that go away."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from models.scripted import Script

SLOW = Script(words=("word ",) * 10_000, token_delay=0.005)


def request(key: str, body: bytes | dict[str, Any], **headers: str) -> bytes:
    """One raw POST to the chat endpoint."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    told = {
        "Host": "localhost",
        "Authorization": f"Bearer {key}",
        "Content-Type": "application/json",
        "Content-Length": str(len(content)),
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    return f"POST /v1/chat/completions HTTP/1.1\r\n{head}\r\n".encode() + content


def chat(**fields: Any) -> dict[str, Any]:
    return {"model": "echo", "messages": [{"role": "user", "content": "hi"}], **fields}


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)


async def head_of(reader: asyncio.StreamReader) -> tuple[int, str]:
    head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)).decode("latin-1").lower()
    return int(head.split()[1]), head


async def answer_of(reader: asyncio.StreamReader) -> tuple[int, str, Any]:
    """Status, head and JSON body of an answer with a Content-Length."""
    status, head = await head_of(reader)
    length = int(head.split("content-length: ")[1].split("\r\n")[0])
    return status, head, json.loads(await asyncio.wait_for(reader.readexactly(length), 10))


async def until(condition: Any) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


def receipts(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [json.loads(r.message) for r in caplog.records if r.name == "hearth.receipts"]


async def test_a_body_that_does_not_arrive_is_408(make_api: Any, serve_on_socket: Any) -> None:
    api = make_api(deadlines={"body": 0.2})
    async with serve_on_socket(api) as port, connected(port) as (reader, writer):
        writer.write(request(api.key, b'{"model"', Content_Length="500"))
        status, head, body = await answer_of(reader)
        assert (status, body["error"]["code"]) == (408, "request_timeout")
        assert "connection: close" in head
        assert await reader.read() == b""


async def test_expecting_100_and_then_silence_is_408(make_api: Any, serve_on_socket: Any) -> None:
    api = make_api(deadlines={"body": 0.2})
    async with serve_on_socket(api) as port, connected(port) as (reader, writer):
        writer.write(request(api.key, b"", Content_Length="500", Expect="100-continue"))
        assert (await head_of(reader))[0] == 100
        assert (await answer_of(reader))[0] == 408


async def test_chunked_bodies_are_read_and_limited(make_api: Any, serve_on_socket: Any) -> None:
    api = make_api(limits={"body_bytes": 2000})
    head = request(api.key, b"", Transfer_Encoding="chunked").replace(b"Content-Length: 0\r\n", b"")
    content = json.dumps(chat()).encode()
    async with serve_on_socket(api) as port:
        async with connected(port) as (reader, writer):
            writer.write(head + b"%x\r\n%b\r\n0\r\n\r\n" % (len(content), content))
            assert (await answer_of(reader))[0] == 200
        async with connected(port) as (reader, writer):
            writer.write(head + b"%x\r\n%b\r\n" % (3000, b" " * 3000))
            status, _, body = await answer_of(reader)
            assert (status, body["error"]["code"]) == (413, "request_too_large")


@pytest.mark.parametrize(
    "line", ["/v1/./models", "/v1/../metrics", "//v1/models", "/%2e/v1/models"]
)
async def test_only_the_exact_bytes_of_a_path_are_a_route(
    api: Any, serve_on_socket: Any, line: str
) -> None:
    async with serve_on_socket(api) as port:
        for key, expected in ((api.key, 404), ("wrong", 401)):
            async with connected(port) as (reader, writer):
                head = f"Host: localhost\r\nAuthorization: Bearer {key}\r\n"
                writer.write(f"GET {line} HTTP/1.1\r\n{head}\r\n".encode())
                assert (await answer_of(reader))[0] == expected


@pytest.mark.parametrize(
    "hosts", ["", "Host: localhost\r\nHost: evil\r\n", "Host: a/?x=\r\n", "Host: localhost:99\r\n"]
)
async def test_a_doubtful_host_is_400(api: Any, serve_on_socket: Any, hosts: str) -> None:
    async with serve_on_socket(api) as port, connected(port) as (reader, writer):
        head = f"{hosts}Authorization: Bearer {api.key}\r\n"
        writer.write(f"GET /v1/models HTTP/1.1\r\n{head}\r\n".encode())
        status, _, body = await answer_of(reader)
        assert (status, body["error"]["code"]) == (400, "invalid_host")


@pytest.mark.parametrize(
    "framing",
    [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Transfer-Encoding: chunked, chunked\r\n",
        "Content-Length: +5\r\n",
    ],
)
async def test_a_doubtful_length_never_smuggles_a_second_request(
    api: Any, serve_on_socket: Any, framing: str
) -> None:
    hidden = (
        f"GET /v1/models HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {api.key}\r\n\r\n"
    )
    async with serve_on_socket(api) as port, connected(port) as (reader, writer):
        head = f"Host: localhost\r\nAuthorization: Bearer {api.key}\r\n{framing}"
        writer.write(f"POST /v1/completions HTTP/1.1\r\n{head}\r\n0\r\n\r\n{hidden}".encode())
        assert (await head_of(reader))[0] in (400, 415)
        writer.write_eof()
        assert b'"object":"list"' not in await asyncio.wait_for(reader.read(), 10)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_client_that_leaves_frees_its_slot(
    make_api: Any, serve_on_socket: Any, caplog: pytest.LogCaptureFixture, stream: bool
) -> None:
    caplog.set_level("INFO", "hearth.receipts")
    api = make_api(SLOW)
    async with serve_on_socket(api) as port:
        async with connected(port) as (reader, writer):
            writer.write(request(api.key, chat(stream=stream, n=2)))
            await until(lambda: api.engine.running == 2)
            if stream:
                assert (await head_of(reader))[0] == 200
        await until(lambda: api.engine.running == 0)
        await until(lambda: receipts(caplog))
    assert receipts(caplog)[0]["status"] == 499


async def test_nobody_who_read_an_answer_to_its_end_has_left(
    api: Any, serve_on_socket: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "hearth.receipts")
    asked = request(api.key, chat(stream=True), x_hearth_progress="1")
    async with serve_on_socket(api) as port:
        for number in range(1, 21):
            async with connected(port) as (reader, writer):
                writer.write(asked)
                await reader.readuntil(b"[DONE]")
            await until(lambda n=number: len(receipts(caplog)) == n)
    assert {receipt["status"] for receipt in receipts(caplog)} == {200}


async def test_leaving_while_the_body_is_awaited_is_noted(
    api: Any, serve_on_socket: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "hearth.receipts")
    async with serve_on_socket(api) as port:
        async with connected(port) as (_, writer):
            writer.write(request(api.key, b"{", Content_Length="500"))
            await writer.drain()
        await until(lambda: receipts(caplog))
    assert (receipts(caplog)[0]["status"], api.engine.prompts) == (499, [])


async def test_a_hundred_cancelled_and_asked_again_do_not_mix(
    api: Any, serve_on_socket: Any
) -> None:
    async def once(port: int, number: int) -> str:
        async with connected(port) as (_, writer):
            writer.write(request(api.key, chat(stream=True)))
        async with connected(port) as (reader, writer):
            messages = [{"role": "user", "content": f"number {number}"}]
            writer.write(request(api.key, chat(messages=messages)))
            return str((await answer_of(reader))[2]["choices"][0]["message"]["content"])

    async with serve_on_socket(api) as port:
        answers = await asyncio.gather(*(once(port, number) for number in range(100)))
        await until(lambda: api.engine.running == 0)
    assert answers == [f"number {number}" for number in range(100)]


async def test_a_client_that_never_reads_is_cut(make_api: Any, serve_on_socket: Any) -> None:
    long = Script(words=("x" * 10_000,) * 3_000)
    api = make_api(long, deadlines={"write": 0.3})
    async with serve_on_socket(api) as port:
        with socket.socket() as plain:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            plain.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(plain, ("127.0.0.1", port))
            await loop.sock_sendall(plain, request(api.key, chat(stream=True)))
            await until(lambda: api.engine.prompts)
            await until(lambda: api.engine.running == 0)


async def test_two_requests_on_one_connection_are_answered_in_order(
    api: Any, serve_on_socket: Any
) -> None:
    async with serve_on_socket(api) as port, connected(port) as (reader, writer):
        writer.write(request(api.key, b"{nonsense") + request(api.key, chat()))
        assert (await answer_of(reader))[0] == 400
        assert (await answer_of(reader))[0] == 200
