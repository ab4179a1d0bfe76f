"""One HTTP request on its way: reading its body, writing its answer, noticing that it left."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson
from starlette.types import Receive, Scope, Send

from index.store.records import NOBODY, Reader
from serve.api.guard import Headers, address_of, content_length
from serve.api.house import House
from serve.api.strict_json import parse
from serve.errors import RequestTimeout, TooLarge
from serve.ledger.keys import Key
from serve.ledger.rights import Rights
from serve.receipt import Receipt

RawHeaders = list[tuple[bytes, bytes]]
FrozenHeaders = tuple[tuple[bytes, bytes], ...]
T = TypeVar("T")

EVERYWHERE: RawHeaders = [(b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store")]
UNBUFFERED: FrozenHeaders = ((b"x-accel-buffering", b"no"),)
UPLOAD_STEP = 32 << 10  # bytes that an upload must bring within its deadline, again and again


class ClientGone(Exception):
    """The client left, or stopped reading, before its answer was complete."""


@dataclass(frozen=True, slots=True)
class Response:
    """A complete answer. `headers` come on top of those that every answer has."""

    body: bytes
    status: int = 200
    content_type: bytes = b"application/json"
    headers: FrozenHeaders = ()


def as_json(value: object, status: int = 200) -> Response:
    return Response(orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY), status)


class Call:
    """The HTTP side of one request.

    `key` and `reader` are known once it is authenticated, `params` with the route.
    """

    def __init__(self, house: House, scope: Scope, receive: Receive, send: Send) -> None:
        self.house = house
        self.method: str = scope["method"]
        # The raw path, never one that was decoded or made from the Host header: what is
        # authorised and what is routed must be the same bytes.
        self.path: bytes = scope.get("raw_path") or scope["path"].encode()
        self.headers = Headers(scope["headers"])
        self.query: bytes = scope.get("query_string", b"")
        self.params: Mapping[str, str] = {}
        self.address = address_of(self.headers, (scope.get("client") or ("",))[0])
        self.receipt = Receipt()
        self.reader = NOBODY
        self.key: Key | None = None
        self.started = False
        self.ended = False
        self._receive = receive
        self._send = send

    @property
    def tenant(self) -> str:
        return self.reader.tenant

    @property
    def actor(self) -> str:
        """Who does it, for the audit log: the key's id."""
        return self.key.id if self.key else "nobody"

    @property
    def rights(self) -> Rights:
        """Of the key; those of nobody in particular on a public route."""
        return self.key.rights if self.key else Rights()

    def is_from(self, key: Key) -> None:
        self.key = key
        only = key.rights.collections
        self.reader = Reader(key.tenant, key.admin, None if only is None else tuple(only))
        self.receipt.key_id, self.receipt.tenant = key.id, key.tenant

    async def document(self) -> dict[str, Any]:
        """The JSON object of the body. Raises `BadRequest`, `TooLarge`, `RequestTimeout`."""
        with self.receipt.step("read"):
            body = await self._body()
            return parse(body, self.house.settings.limits.json_depth)

    async def _body(self) -> bytes:
        self._check_announced(self.house.settings.limits.body_bytes)
        deadline = self.house.settings.deadlines.body
        try:
            async with asyncio.timeout(deadline):
                return await self._receive_all()
        except TimeoutError as exc:
            raise RequestTimeout(f"The body did not arrive within {deadline:g} seconds.") from exc

    async def _receive_all(self) -> bytes:
        limit = self.house.settings.limits.body_bytes
        body, more = bytearray(), True
        while more:
            piece, more = await self._receive_piece()
            body += piece
            _check_size(len(body), limit)
        return bytes(body)

    async def pieces(self, most: int) -> AsyncGenerator[bytes, None]:
        """The body as it comes, at most `most` bytes. Raises `TooLarge`, `RequestTimeout`.

        Whoever sends slowly may take long, but not for ever: the deadline is for each step.
        """
        self._check_announced(most)
        size, more, step = 0, True, _Step(self.house.settings.deadlines.upload)
        while more:
            piece, more = await step.within(self._receive_piece())
            step.came(len(piece))
            size += len(piece)
            _check_size(size, most)
            yield piece

    async def _receive_piece(self) -> tuple[bytes, bool]:
        """And whether more is to come."""
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        return message.get("body", b""), bool(message.get("more_body", False))

    def _check_announced(self, most: int) -> None:
        announced = content_length(self.headers)
        if announced is not None:
            _check_size(announced, most)

    async def unless_gone(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of `work`, which is cancelled at once when the client goes away.

        Behind the last part of an answer the server says that the client is gone, too.
        """
        working = asyncio.ensure_future(work)
        leaving = asyncio.ensure_future(self._left())
        try:
            await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
            if not working.done() and not self.ended:
                raise ClientGone
            return await working
        finally:
            leaving.cancel()
            working.cancel()
            await asyncio.gather(working, leaving, return_exceptions=True)

    async def _left(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def respond(self, response: Response) -> None:
        await self._while_read(self._respond(response))

    async def begin(self, content_type: bytes, headers: FrozenHeaders) -> None:
        """The status line of a streamed answer; parts follow."""
        await self._while_read(self._start(200, content_type, headers))

    async def send_part(self, body: bytes, content_type: bytes, more: bool = True) -> None:
        """A piece of a streamed answer, after the status line if it is the first."""
        if not self.started:
            await self._while_read(self._start(200, content_type, UNBUFFERED))
        await self._while_read(self._write(body, more))

    async def _respond(self, response: Response) -> None:
        body = b"" if self.method == "HEAD" else response.body
        length = (b"content-length", str(len(response.body)).encode())
        await self._start(response.status, response.content_type, (length, *response.headers))
        await self._write(body, more=False)

    async def _start(self, status: int, content_type: bytes, headers: FrozenHeaders) -> None:
        self.started = True
        known = self.receipt.headers().items()
        told = [(name.encode(), value.encode("ascii", "replace")) for name, value in known]
        raw = [(b"content-type", content_type), *EVERYWHERE, *told, *headers]
        await self._send({"type": "http.response.start", "status": status, "headers": raw})

    async def _write(self, body: bytes, more: bool) -> None:
        await self._send({"type": "http.response.body", "body": body, "more_body": more})
        self.ended = not more

    async def _while_read(self, sending: Awaitable[None]) -> None:
        """Raises `ClientGone` when the client leaves its answer unread for too long."""
        try:
            async with asyncio.timeout(self.house.settings.deadlines.write):
                await sending
        except TimeoutError as exc:
            raise ClientGone("The client left its answer unread.") from exc


class _Step:
    """Time that a sender has for its next `UPLOAD_STEP` bytes; only waiting for them counts."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._left = seconds
        self._size = 0

    async def within(self, receiving: Awaitable[T]) -> T:
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._left):
                received = await receiving
        except TimeoutError as exc:
            text = f"Less than {UPLOAD_STEP} bytes arrived within {self._seconds:g} seconds."
            raise RequestTimeout(text) from exc
        self._left -= time.monotonic() - began
        return received

    def came(self, size: int) -> None:
        self._size += size
        if self._size >= UPLOAD_STEP:
            self._left, self._size = self._seconds, 0


def _check_size(size: int, limit: int) -> None:
    if size > limit:
        raise TooLarge(f"The body is too large: at most {limit} bytes are allowed.")
