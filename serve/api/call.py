"""One HTTP request on its way: reading its body, writing its answer, noticing that it left."""

import asyncio
from collections.abc import Awaitable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson
from starlette.types import Receive, Scope, Send

from serve.api.guard import Headers, content_length
from serve.api.house import House
from serve.api.strict_json import parse
from serve.errors import RequestTimeout, TooLarge
from serve.receipt import Receipt

RawHeaders = list[tuple[bytes, bytes]]
FrozenHeaders = tuple[tuple[bytes, bytes], ...]
T = TypeVar("T")

EVERYWHERE: RawHeaders = [(b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store")]
UNBUFFERED: FrozenHeaders = ((b"x-accel-buffering", b"no"),)


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
    """The HTTP side of one request. `tenant` is known once the key is."""

    def __init__(self, house: House, scope: Scope, receive: Receive, send: Send) -> None:
        self.house = house
        self.method: str = scope["method"]
        # The raw path, never one that was decoded or made from the Host header: what is
        # authorised and what is routed must be the same bytes.
        self.path: bytes = scope.get("raw_path") or scope["path"].encode()
        self.headers = Headers(scope["headers"])
        self.receipt = Receipt()
        self.tenant = ""
        self.started = False
        self._receive = receive
        self._send = send

    async def document(self) -> dict[str, Any]:
        """The JSON object of the body. Raises `BadRequest`, `TooLarge`, `RequestTimeout`."""
        with self.receipt.step("read"):
            body = await self._body()
            return parse(body, self.house.settings.limits.json_depth)

    async def _body(self) -> bytes:
        announced = content_length(self.headers)
        if announced is not None:
            self._check_size(announced)
        deadline = self.house.settings.deadlines.body
        try:
            async with asyncio.timeout(deadline):
                return await self._receive_all()
        except TimeoutError as exc:
            raise RequestTimeout(f"The body did not arrive within {deadline:g} seconds.") from exc

    async def _receive_all(self) -> bytes:
        body = bytearray()
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            body += message.get("body", b"")
            self._check_size(len(body))
            if not message.get("more_body", False):
                return bytes(body)

    def _check_size(self, size: int) -> None:
        limit = self.house.settings.limits.body_bytes
        if size > limit:
            raise TooLarge(f"The body is too large: at most {limit} bytes are allowed.")

    async def unless_gone(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of `work`, which is cancelled at once when the client goes away."""
        working = asyncio.ensure_future(work)
        leaving = asyncio.ensure_future(self._left())
        try:
            await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                raise ClientGone
            return working.result()
        finally:
            leaving.cancel()
            working.cancel()
            await asyncio.gather(working, leaving, return_exceptions=True)

    async def _left(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def respond(self, response: Response) -> None:
        await self._while_read(self._respond(response))

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

    async def _while_read(self, sending: Awaitable[None]) -> None:
        """Raises `ClientGone` when the client leaves its answer unread for too long."""
        try:
            async with asyncio.timeout(self.house.settings.deadlines.write):
                await sending
        except TimeoutError as exc:
            raise ClientGone("The client left its answer unread.") from exc
