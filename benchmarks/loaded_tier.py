"""The CPU engine behind Hearth's steps from admission on, in one process, under a load."""

import asyncio
import random
import time
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from itertools import chain, count

from benchmarks.arrivals import Shape
from models.engine import ChunkStream, ModelCard, Prompt, Sampling
from models.errors import EngineError
from models.llama.engine import LlamaEngine
from models.load import Load
from serve.config import Settings
from serve.errors import Overloaded, QueueDeadline
from serve.generation.answering import Answering, Order
from serve.generation.tiers import Watch, tiers_of
from serve.policy.brownout import Brownout
from serve.receipt import Receipt
from serve.sections.admission import AdmissionSettings
from serve.sections.fallback import BreakerSettings, RetrySettings
from serve.sections.tiers import TierSettings

MOST = Shape(512, 256)  # prompts and answers are no longer than this
ENDS = {0: -100.0, 2: -100.0}  # SmolLM2's end tokens never come: answers are as long as told
PROBE_PERIOD = 0.5  # seconds
LONGEST_RECOVERY = 60.0  # seconds


@dataclass(frozen=True)
class Seen:
    """`at`: seconds since the load began; `first`, `last`: since the request was sent.

    `error`: the class of what came instead of an answer.
    """

    key: str
    at: float
    first: float
    last: float
    error: str | None

    def is_good(self, deadline: float) -> bool:
        return self.error is None and self.last <= deadline


class Scripted:
    """The real engine, told by request id how long each answer is to be."""

    def __init__(self, engine: LlamaEngine) -> None:
        self._engine = engine
        self.outputs: dict[str, int] = {}

    @property
    def card(self) -> ModelCard:
        return self._engine.card

    async def generate(self, prompt: Prompt) -> ChunkStream:
        output = self.outputs[prompt.request_id]
        sampling = replace(prompt.sampling, max_tokens=output, logit_bias=ENDS)
        async with aclosing(self._engine.generate(replace(prompt, sampling=sampling))) as chunks:
            async for chunk in chunks:
                yield chunk

    async def load(self) -> Load:
        return await self._engine.load()

    async def health(self) -> None:
        await self._engine.health()

    async def close(self) -> None:
        await self._engine.close()


class LoadedTier:
    """`timeout` of each request, in seconds; None: clients wait until the answer has come."""

    def __init__(
        self, engine: Scripted, slots: int, admission: AdmissionSettings, timeout: float | None
    ) -> None:
        settings = Settings(
            tiers={"small": TierSettings(engine="llama", model="model", slots=slots)},
            admission=admission,
            retry=RetrySettings(attempts=1),
            breaker=BreakerSettings(calls=1_000_000),  # only admission is looked at
        )
        tiers = tiers_of(settings, {"small": engine})
        self.receipts: list[Receipt] = []
        self._watch = Watch(tiers.values(), Brownout(settings.brownout))
        self._answering = Answering(settings, tiers)
        self._engine = engine
        self._timeout = timeout
        self._numbers = count()

    async def ask(self, key: str, shape: Shape, began: float) -> Seen:
        """One request; `began` is when the load did."""
        name, sent = f"{id(self)}-{next(self._numbers)}", time.monotonic()
        self._engine.outputs[name] = shape.output
        ids = tuple(random.Random(name).choices(range(1000, 40_000), k=shape.prompt))
        sampling = Sampling(temperature=0, max_tokens=MOST.output)
        prompt = Prompt(name, key, ids, sampling, timeout=self._timeout)
        self.receipts.append(receipt := Receipt(key_id=key))
        first, error = 0.0, None
        try:
            await self._watch.touch()
            answer = self._answering.answer(Order(("small",), True, receipt), prompt)
            async with aclosing(answer) as chunks:
                async for _ in chunks:
                    first = first or time.monotonic() - sent
        except (Overloaded, QueueDeadline, EngineError) as exc:
            error = type(exc).__name__
        finally:
            del self._engine.outputs[name]
        return Seen(key, sent - began, first, time.monotonic() - sent, error)

    async def closed_loop(
        self, clients: int, shapes: Sequence[Shape], warm_up: float, seconds: float
    ) -> float:
        """Answers per second that `clients` get, each asking again at once."""
        began, feed = time.monotonic(), iter(shapes)

        async def client() -> list[float]:
            ends = []
            while (now := time.monotonic() - began) < warm_up + seconds:
                ends.append(now + (await self.ask("loop", next(feed), began)).last)
            return ends

        ends = chain.from_iterable(await asyncio.gather(*(client() for _ in range(clients))))
        return sum(warm_up <= end < warm_up + seconds for end in ends) / seconds

    async def open_loop(
        self, loads: Mapping[str, Sequence[tuple[float, Shape]]], ends: float
    ) -> list[Seen]:
        """What became of every key's requests; those without an answer at `ends` are ended."""
        began = time.monotonic()

        async def later(key: str, at: float, shape: Shape) -> Seen:
            await asyncio.sleep(max(0.0, began + at - time.monotonic()))
            return await self.ask(key, shape, began)

        tasks = [
            asyncio.create_task(later(key, at, shape))
            for key, load in loads.items()
            for at, shape in load
        ]
        await asyncio.wait(tasks, timeout=ends)
        for task in tasks:
            task.cancel()
        came = await asyncio.gather(*tasks, return_exceptions=True)
        return [seen for seen in came if isinstance(seen, Seen)]

    async def recovery(self, after: float, normal: float, shape: Shape) -> float:
        """Seconds from `after` on until a request that takes at most `normal` seconds is sent."""
        await asyncio.sleep(after)
        began, tries = time.monotonic(), set[asyncio.Task[Seen]]()
        while time.monotonic() - began < LONGEST_RECOVERY:
            tries.add(asyncio.create_task(self.ask("probe", shape, began)))
            await asyncio.sleep(PROBE_PERIOD)
            if any(t.done() and t.result().is_good(normal) for t in tries):
                break
        seen = await asyncio.gather(*tries)
        return min((s.at for s in seen if s.is_good(normal)), default=LONGEST_RECOVERY)
