"""One target under one load: the two loops."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import count

from serve.bench.client import Client
from serve.bench.prompts import Writer
from serve.bench.sample import Sample
from serve.bench.target import Target
from serve.bench.workload import Arrival, Shape

PAUSE = 0.1  # seconds after a failure that says nothing of when to come back

Send = Callable[[Shape, float | None], Awaitable[Sample]]


def sender(client: Client, target: Target, writer: Writer, name: str) -> Send:
    """Asks for shapes, each with a text of its own; `name` differs from load to load."""
    numbers = count()

    async def send(shape: Shape, due: float | None) -> Sample:
        text = writer.write(shape.prompt, f"{name}-{next(numbers)}")
        return await client.ask(target.chat(text, shape.output), due)

    return send


async def closed_loop(
    send: Send, asked: Iterator[Shape], clients: int, seconds: float
) -> list[Sample]:
    """`clients` ask, each again when it is answered, for `seconds`; who is refused waits as long
    as it is told. Returns when all answers are here.
    """
    until = time.perf_counter() + seconds
    samples: list[Sample] = []

    async def client() -> None:
        while (left := until - time.perf_counter()) > 0:
            sample = await send(next(asked), None)
            samples.append(sample)
            if sample.error is not None:
                await asyncio.sleep(min(left, sample.retry_after or PAUSE))

    await asyncio.gather(*(client() for _ in range(clients)))
    return samples


async def open_loop(send: Send, arrivals: Sequence[Arrival]) -> list[Sample]:
    """Asks when it is time, whoever is answered. Returns when all answers are here."""
    begin = time.perf_counter()
    asking: list[asyncio.Task[Sample]] = []
    for arrival in arrivals:
        due = begin + arrival.at
        if (early := due - time.perf_counter()) > 0:
            await asyncio.sleep(early)
        asking.append(asyncio.ensure_future(send(arrival.shape, due)))
    return await asyncio.gather(*asking)
