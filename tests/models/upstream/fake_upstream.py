"""A server that says exactly the bytes it is told to, and remembers what it was asked."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from models.upstream.engine import UpstreamEngine
from models.upstream.settings import Patience, UpstreamSettings
from tests.loopback_server import Handler as Script
from tests.loopback_server import listening

KEY = "sk-secret-of-the-owner"
QUICK = Patience(connect=5, first=10, between=10, whole=20)
EVENTS = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
HEAD = EVENTS + b"connection: close\r\n\r\n"
DONE = b"data: [DONE]\n\n"


@dataclass
class Asked:
    line: str
    headers: dict[str, str]
    body: Any


@dataclass
class FakeUpstream:
    """`left` is set when a client went away before its answer had ended."""

    port: int = 0
    asked: list[Asked] = field(default_factory=list)
    left: asyncio.Event = field(default_factory=asyncio.Event)


@asynccontextmanager
async def engine_of(script: Script, **fields: Any) -> AsyncIterator[UpstreamEngine]:
    """An engine whose upstream answers every request as `script` says."""
    async with upstream(script) as fake, engine_at(fake.port, **fields) as engine:
        yield engine


@asynccontextmanager
async def engine_at(port: int, **fields: Any) -> AsyncIterator[UpstreamEngine]:
    fields = {"api_key": KEY, "patience": QUICK, "context_length": 1000, **fields}
    base_url = f"http://127.0.0.1:{port}/v1/"
    engine = UpstreamEngine(UpstreamSettings("ours", base_url, "theirs", **fields))
    yield engine
    await engine.close()


@asynccontextmanager
async def upstream(script: Script) -> AsyncIterator[FakeUpstream]:
    """Every connection carries one request, which `script` answers."""
    fake = FakeUpstream()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            fake.asked.append(await read_request(reader))
            await script(reader, writer)
            await writer.drain()
        except ConnectionError:
            fake.left.set()

    async with listening(answer) as fake.port:
        yield fake


async def read_request(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *lines = head.strip().split("\r\n")
    headers = dict(one.lower().split(": ", 1) for one in lines)
    length = int(headers.get("content-length", 0))
    body = json.loads(await reader.readexactly(length)) if length else None
    return Asked(line, headers, body)


def says(*parts: bytes) -> Script:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.writelines(parts)

    return script


def status(line: str, body: bytes = b"", *headers: str) -> Script:
    told = [f"HTTP/1.1 {line}", f"content-length: {len(body)}", *headers, "connection: close"]
    return says("\r\n".join([*told, "", ""]).encode() + body)


def then_waits(*parts: bytes) -> Script:
    """Says `parts`, and then nothing until the client leaves."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.writelines(parts)
        await writer.drain()
        if not await reader.read(1):
            raise ConnectionResetError

    return script


def event(**fields: Any) -> bytes:
    return f"data: {json.dumps(fields)}\n\n".encode()


def choice(finish: str | None = None, **delta: Any) -> bytes:
    return event(choices=[{"index": 0, "delta": delta, "finish_reason": finish}])


def usage(prompt: int, completion: int, cached: int = 0) -> bytes:
    told = {"prompt_tokens": prompt, "completion_tokens": completion}
    details = {"prompt_tokens_details": {"cached_tokens": cached}}
    return event(choices=[], usage=told | details)


def refusal(message: str, **fields: Any) -> bytes:
    return json.dumps({"error": {"message": message, **fields}}).encode()
