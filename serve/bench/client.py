"""A lean HTTP/1.1 client for streamed chats: it must cost less than what it measures.

One read of the socket costs one parse of HTTP and one search for text; no JSON is parsed before
the end. Connections are kept and used again.
"""

import asyncio
import ssl
import time
from typing import Final, cast

import httptools

from serve.bench.events import Events, refusal_code
from serve.bench.sample import Sample
from serve.bench.target import Target

LARGEST_ERROR: Final = 1 << 16  # bytes of a refusal that are read
NOT_CONNECTED: Final = "not_connected"
CONNECTION_LOST: Final = "connection_lost"
TIMED_OUT: Final = "timeout"


class Client:
    """As many connections to one target as there are requests under way. `timeout` in seconds."""

    def __init__(self, target: Target, timeout: float) -> None:
        self._target = target
        self._timeout = timeout
        self._idle: list[Connection] = []
        self._tls = ssl.create_default_context() if target.tls else None

    async def ask(self, request: bytes, due: float | None = None) -> Sample:
        """What became of `request`; never raises. `due` is on the clock of `perf_counter`."""
        sent_at = time.perf_counter() if due is None else due
        try:
            async with asyncio.timeout(self._timeout):
                connection = await self._connection()
        except (OSError, TimeoutError):
            return Sample(sent_at, time.perf_counter(), 0, error=NOT_CONNECTED)
        sample = await connection.ask(request, sent_at, self._timeout)
        if connection.is_open:
            self._idle.append(connection)
        return sample

    async def _connection(self) -> "Connection":
        while self._idle:
            if (connection := self._idle.pop()).is_open:
                return connection
        address = self._target.host, self._target.port
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(Connection, *address, ssl=self._tls)
        return connection

    def close(self) -> None:
        for connection in self._idle:
            connection.close()
        self._idle.clear()


class Connection(asyncio.Protocol):
    """One request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport
        self._parser = httptools.HttpResponseParser(self)
        self._answer: _Answer | None = None
        self.is_open = False

    async def ask(self, request: bytes, sent_at: float, timeout: float) -> Sample:
        self._answer = answer = _Answer(sent_at, asyncio.get_running_loop().create_future())
        self._transport.write(request)
        timer = asyncio.get_running_loop().call_later(timeout, self._end, TIMED_OUT)
        try:
            return await answer.sample
        finally:
            timer.cancel()
            if self._answer is not None:  # whoever asked has gone
                self.close()

    def close(self) -> None:
        self.is_open = False
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport, self.is_open = cast(asyncio.Transport, transport), True

    def data_received(self, data: bytes) -> None:
        if self._answer is None:  # nobody asked
            self.close()
            return
        self._answer.now = time.perf_counter()
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._end("no_http")

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        self._end(CONNECTION_LOST)

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._answer and name.lower() == b"retry-after":
            self._answer.retry_after = _seconds(value)

    def on_headers_complete(self) -> None:
        if self._answer:
            self._answer.status = self._parser.get_status_code()

    def on_body(self, body: bytes) -> None:
        if self._answer:
            self._answer.feed(body)

    def on_message_complete(self) -> None:
        if not self._parser.should_keep_alive():
            self.close()
        if self._answer:
            answer, self._answer = self._answer, None
            answer.end(None)

    def _end(self, error: str) -> None:
        """The answer ends too early, and so does the connection."""
        self.close()
        if self._answer:
            answer, self._answer = self._answer, None
            answer.now = time.perf_counter()
            answer.end(error)


class _Answer:
    """What has come of one answer. `now` is when the latest bytes did."""

    def __init__(self, sent_at: float, sample: "asyncio.Future[Sample]") -> None:
        self.sample = sample
        self.status = 0
        self.retry_after: float | None = None
        self.now = sent_at
        self._sent_at = sent_at
        self._events = Events()
        self._refusal = b""

    def feed(self, body: bytes) -> None:
        if self.status == 200:
            self._events.feed(body, self.now)
        elif len(self._refusal) < LARGEST_ERROR:
            self._refusal += body

    def end(self, error: str | None) -> None:
        if self.sample.done():  # whoever asked has gone
            return
        texts = self._events.texts
        prompt, output = self._events.usage() or (0, len(texts))
        self.sample.set_result(
            Sample(
                self._sent_at,
                self.now,
                self.status,
                texts,
                prompt,
                output,
                error or self._error(),
                self.retry_after,
            )
        )

    def _error(self) -> str | None:
        if self.status == 200:
            return self._events.error()
        return refusal_code(self._refusal, self.status)


def _seconds(value: bytes) -> float | None:
    """`Retry-After` in seconds; its form with a date is as good as none."""
    try:
        return max(0.0, float(value))
    except ValueError:
        return None
