"""The waiting itself: `serve.policy.admission` decides, this lets requests wait and go.

One gate per tier and gateway process, on one event loop. What other gateways let in, it knows from
the engine's reports only.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from models.load import Load
from serve.errors import OutOfService, Overloaded, QueueDeadline
from serve.policy.admission import Admission, Admitted, Ask, Place, Queued, Refused
from serve.policy.estimates import Estimate
from serve.sections.admission import AdmissionSettings

Clock = Callable[[], float]
Where = Callable[[], Place | None]  # of one that waits

FRESH: Final = 0.25  # seconds for which places in the line are good: all who ask share one look


@dataclass(slots=True)
class Permit:
    """Seconds that were expected (None: nothing was known) and that it took to get in."""

    expected: float | None
    waited: float


@dataclass(slots=True)
class Gate:
    settings: AdmissionSettings
    slots: int
    clock: Clock = time.monotonic
    rng: random.Random = field(default_factory=random.Random)
    gateways: int = 1
    policy: Admission = field(init=False)
    _futures: dict[int, asyncio.Future[None]] = field(default_factory=dict)
    _places: dict[int, Place] = field(default_factory=dict)
    _placed_at: float = float("-inf")
    _gone: str = ""  # what the engine ran on, in words; empty while it is there

    def __post_init__(self) -> None:
        self.policy = Admission(self.settings, self.slots, self.rng, self.gateways)

    @asynccontextmanager
    async def permit(
        self, ask: Ask, waits: Callable[[Where], None] | None = None
    ) -> AsyncIterator[Permit]:
        """Held while the body runs. Raises `Overloaded` at once, `QueueDeadline` later. `waits` is
        called when it must wait.
        """
        arrived = self.clock()
        verdict = self.policy.ask(ask, arrived)
        if isinstance(verdict, Refused):
            raise self._refusal(verdict)
        try:
            if isinstance(verdict, Queued):
                if waits is not None:
                    waits(partial(self._where, verdict.number))
                await self._wait(verdict, ask)
            expected = 0.0 if isinstance(verdict, Admitted) else verdict.wait
            yield Permit(expected, self.clock() - arrived)
        finally:
            self._let_in(self.policy.leave(verdict.number, self.clock()))

    def observe(self, load: Load) -> None:
        """A report of the engine: more may go now, or nobody any more."""
        now = self.clock()
        self._gone = load.device.gone
        self.policy.observe(load, now)
        if self._gone:
            for number in list(self._futures):
                self._refuse(number, OutOfService(self._gone, self.settings.patience))
        self._look(now)

    def wait(self, estimate: Estimate, key: str) -> float:
        """Seconds that a request would wait now, by all that is known."""
        return self.policy.wait_of(estimate, key, self.clock())

    def _where(self, number: int) -> Place | None:
        if (now := self.clock()) >= self._placed_at + FRESH:
            self._places, self._placed_at = self.policy.places_in_line(), now
        return self._places.get(number)

    async def _wait(self, verdict: Queued, ask: Ask) -> None:
        future = self._futures[verdict.number] = asyncio.get_running_loop().create_future()
        if verdict.displaced is not None:
            self._refuse(verdict.displaced, Overloaded.full(self.policy.settings.patience))
        timer = asyncio.get_running_loop().call_later(
            max(0.0, ask.deadline - self.clock()), self._expire, ask.deadline
        )
        try:
            await future
        finally:
            timer.cancel()
            self._futures.pop(verdict.number, None)

    def _expire(self, deadline: float) -> None:
        """A timer may ring a clock tick early; nothing would ring again."""
        self._look(max(self.clock(), deadline))

    def _look(self, now: float) -> None:
        going, late = self.policy.advance(now)
        self._let_in(going)
        for number in late:
            self._refuse(number, QueueDeadline.of(self.policy.expected_wait("", 1.0)))

    def _let_in(self, numbers: list[int]) -> None:
        for number in numbers:
            future = self._futures.get(number)
            if future is not None and not future.done():
                future.set_result(None)

    def _refuse(self, number: int, refusal: Exception) -> None:
        future = self._futures.get(number)
        if future is not None and not future.done():
            future.set_exception(refusal)

    def _refusal(self, verdict: Refused) -> Overloaded:
        if verdict.why == "unavailable":
            return OutOfService(self._gone, verdict.retry_after)
        if verdict.why == "queue_full":
            return Overloaded.full(verdict.retry_after)
        return Overloaded(
            "Too many requests wait: this one could not be answered before its deadline. "
            f"Try again in {verdict.retry_after:.0f} seconds.",
            verdict.retry_after,
        )
