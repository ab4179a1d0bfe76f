"""A closed loop of keep-alive HTTP clients in one process, cheap beside what it measures."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Self

import httptools
import numpy as np


@dataclass
class Measured:
    """What a load saw. Latencies in milliseconds; `events` counts `data:` lines of streams."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    events: int = 0
    failures: int = 0

    @property
    def rate(self) -> float:
        """Answers per second."""
        return len(self.latencies) / self.seconds

    @property
    def event_rate(self) -> float:
        return self.events / self.seconds

    def percentile(self, percent: float) -> float:
        return float(np.percentile(self.latencies, percent))


class Client(asyncio.Protocol):
    """One connection: a request, its whole answer, the next request."""

    def __init__(self) -> None:
        self._transport: asyncio.WriteTransport
        self._done: asyncio.Future[None]
        self.status = 0
        self.events = 0
        self.is_over = False  # the server ends the connection with this answer

    @classmethod
    async def connect(cls, host: str, port: int) -> Self:
        _, client = await asyncio.get_running_loop().create_connection(cls, host, port)
        return client

    async def ask(self, request: bytes) -> int:
        """The status of the answer to `request`, when all of it is here."""
        self._done = asyncio.get_running_loop().create_future()
        self._parser = httptools.HttpResponseParser(self)
        self._transport.write(request)
        await self._done
        return self.status

    def close(self) -> None:
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(ConnectionError("The server closed the connection."))

    def on_body(self, body: bytes) -> None:
        self.events += body.count(b"data: ")

    def on_message_complete(self) -> None:
        self.status = self._parser.get_status_code()
        self.is_over = not self._parser.should_keep_alive()
        self._done.set_result(None)


async def closed_loop(
    address: tuple[str, int], request: bytes, clients: int, seconds: float
) -> Measured:
    """`clients` connections, each asking again as soon as it is answered, for `seconds`."""
    measured = Measured()
    connections = [await Client.connect(*address) for _ in range(clients)]
    start = time.perf_counter()
    until = start + seconds
    await asyncio.gather(*(_ask(c, address, request, until, measured) for c in connections))
    measured.seconds = time.perf_counter() - start
    return measured


async def _ask(
    client: Client, address: tuple[str, int], request: bytes, until: float, measured: Measured
) -> None:
    """By the connection of `client`, and by others when the server ends it."""
    while (start := time.perf_counter()) < until:
        if client.is_over:
            client = await Client.connect(*address)
        if await client.ask(request) == 200:
            measured.latencies.append((time.perf_counter() - start) * 1000)
        else:
            measured.failures += 1
        measured.events += client.events
        client.events = 0
    client.close()
