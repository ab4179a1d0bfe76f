"""One request to the upstream, within deadlines and limits, as the data of its events."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Iterator
from contextlib import aclosing, contextmanager, suppress
from typing import Final, TypeVar

import httpx

from models.errors import EngineError, EngineInterrupted, EngineUnavailable, GenerationTimeout
from models.upstream.answer import BROKEN
from models.upstream.event_stream import DONE, EventSplitter
from models.upstream.refusals import Refusals
from models.upstream.settings import Patience

MAX_REFUSAL_BYTES: Final = 64 << 10
LAST_WORDS: Final = 5.0  # seconds for usage, after the reason why an answer ended
LAST_BYTES: Final = 0.05  # seconds for the stream's end after [DONE]: then its connection is kept

T = TypeVar("T")


class Due:
    """When what is awaited must have come: the next token, and the whole answer by `end`.

    All in the event loop's time. `stuck` tells that a token did not come in time.
    """

    def __init__(self, patience: Patience, end: float) -> None:
        self._between = patience.between
        self._end = end
        self._next = asyncio.get_running_loop().time() + patience.first
        self._begun = False
        self.stuck = False

    def progressed(self, *, finished: bool) -> None:
        self._begun = True
        allowance = LAST_WORDS if finished else self._between
        self._next = asyncio.get_running_loop().time() + allowance

    async def wait(self, awaited: Awaitable[T]) -> T:
        """Raises `EngineUnavailable`, `EngineInterrupted` or `GenerationTimeout`."""
        try:
            async with asyncio.timeout_at(min(self._next, self._end)):
                return await awaited
        except TimeoutError as exc:
            raise self._late() from exc

    def _late(self) -> EngineError:
        if self._next >= self._end:
            return GenerationTimeout("The answer did not come before its deadline.")
        self.stuck = True
        if self._begun:
            return EngineInterrupted("The upstream did not go on with the answer.")
        return EngineUnavailable("The upstream did not begin to answer in time.")


class Exchange:
    """Sends requests with `http`. Raises nothing but `EngineError`."""

    def __init__(self, http: httpx.AsyncClient, most_bytes: int) -> None:
        self._http = http
        self._most_bytes = most_bytes

    async def events(
        self, request: httpx.Request, refusals: Refusals, due: Due
    ) -> AsyncGenerator[bytes, None]:
        """The data of the events up to `[DONE]` or to the stream's end.

        Leaving it closes the connection unless the answer was complete.
        """
        with translated(EngineUnavailable("The upstream cannot be reached at present.")):
            response = await due.wait(self._http.send(request, stream=True))
        async with aclosing(response):
            with translated(EngineInterrupted(BROKEN)):
                await _check(response, refusals, due)
                pieces = response.aiter_raw()
                splitter = EventSplitter(self._most_bytes)
                while (data := await due.wait(anext(pieces, None))) is not None:
                    for event in splitter.feed(data):
                        if event == DONE:
                            await _drain(pieces)
                            return
                        yield event

    async def status(self, request: httpx.Request, patience: float) -> int:
        """Of the answer to a request whose body nobody wants."""
        with translated(EngineUnavailable("The upstream cannot be reached at present.")):
            try:
                async with asyncio.timeout(patience):
                    response = await self._http.send(request, stream=True)
                    await response.aclose()
            except TimeoutError as exc:
                raise EngineUnavailable("The upstream does not answer at present.") from exc
        return response.status_code


@contextmanager
def translated(failure: EngineError) -> Iterator[None]:
    """`failure` for whatever goes wrong between us and the upstream."""
    try:
        yield
    except (httpx.HTTPError, httpx.StreamError) as exc:
        raise failure from exc


async def _check(response: httpx.Response, refusals: Refusals, due: Due) -> None:
    """Raises `EngineError` unless an event stream follows, as it is (no compression)."""
    status, headers = response.status_code, response.headers
    is_plain = headers.get("content-encoding", "identity") == "identity"
    if status != 200:
        body = await due.wait(_beginning(response)) if is_plain else b""
        raise refusals.of_status(status, headers, body, time.time())
    media = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "text/event-stream" or not is_plain:
        raise EngineUnavailable("The upstream does not answer with a stream of events.")


async def _beginning(response: httpx.Response) -> bytes:
    body = b""
    async for data in response.aiter_raw():
        body += data
        if len(body) > MAX_REFUSAL_BYTES:
            break
    return body[:MAX_REFUSAL_BYTES]


async def _drain(pieces: AsyncIterator[bytes]) -> None:
    with suppress(TimeoutError, httpx.TransportError):
        async with asyncio.timeout(LAST_BYTES):
            async for _ in pieces:
                pass
