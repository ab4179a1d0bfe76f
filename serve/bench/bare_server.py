"""The smallest HTTP server over an engine: no keys, no schema, no policy.

With a scripted engine, which answers at once, it shows how much the client can take.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import asdict
from itertools import count
from typing import Any, Final, cast

import httptools
import orjson

from models.engine import Chunk, Engine, Message, Prompt, Sampling
from models.errors import EngineError
from models.scripted import Script, ScriptedEngine
from serve.bench.target import Target

HEAD: Final = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
    b"transfer-encoding: chunked\r\n\r\n"
)
MODEL: Final = "scripted"


@asynccontextmanager
async def bare_server(engine: Engine, name: str) -> AsyncIterator[Target]:
    """Serves streamed chats with `engine` on a free loopback port."""
    numbers = count()

    def connection() -> "_Connection":
        return _Connection(engine, f"{name}-{next(numbers)}")

    server = await asyncio.get_running_loop().create_server(connection, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield Target(name, f"http://127.0.0.1:{port}", engine.card.name)
    finally:
        server.close()


def instant_engine(words: int) -> ScriptedEngine:
    """Says `words` words as fast as it can, whatever it is asked."""
    return ScriptedEngine(MODEL, Script(words=tuple(f" word{i % 10}" for i in range(words))))


class _Connection(asyncio.Protocol):
    """One request at a time; a client that leaves ends its answer."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._transport: asyncio.Transport
        self._engine = engine
        self._name = name
        self._parser = httptools.HttpRequestParser(self)
        self._body = b""
        self._answering: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answering:
            self._answering.cancel()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        asked, self._body = orjson.loads(self._body), b""
        self._answering = asyncio.ensure_future(self._answer(asked))

    async def _answer(self, asked: dict[str, Any]) -> None:
        self._transport.write(HEAD)
        try:
            async with aclosing(self._engine.generate(_prompt(self._name, asked))) as chunks:
                async for chunk in chunks:
                    self._event(choices=[_choice(chunk)], usage=None)
                    if chunk.usage:
                        self._event(choices=[], usage=asdict(chunk.usage))
                    await asyncio.sleep(0)  # a read of its own for every text, as from a real one
        except EngineError as exc:
            self._event(error={"message": exc.message, "code": type(exc).__name__})
        self._transport.write(_chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n")

    def _event(self, **fields: Any) -> None:
        event = {"id": self._name, "object": "chat.completion.chunk", "created": 0, **fields}
        self._transport.write(_chunk(b"data: %b\n\n" % orjson.dumps(event)))


def _prompt(name: str, asked: dict[str, Any]) -> Prompt:
    turns = tuple(Message(turn["role"], turn["content"]) for turn in asked["messages"])
    bias = {int(token): float(value) for token, value in asked.get("logit_bias", {}).items()}
    sampling = Sampling(temperature=0, max_tokens=asked["max_tokens"], logit_bias=bias)
    return Prompt(f"{name}-{time.perf_counter_ns()}", "bench", turns, sampling)


def _choice(chunk: Chunk) -> dict[str, Any]:
    delta = {"content": chunk.text} if chunk.text else {"reasoning_content": chunk.reasoning}
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": chunk.finish_reason}


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)
