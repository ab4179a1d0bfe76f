"""What the gateway knows of each tier, and the watch that keeps it true."""

import asyncio
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from models.engine import Engine
from models.errors import EngineError, EngineNotLoaded
from models.load import Load
from serve.config import Settings
from serve.generation.admission import Gate, Where
from serve.policy.admission import Place
from serve.policy.brownout import Brownout
from serve.policy.estimates import Estimator
from serve.policy.fallback import Breaker
from serve.policy.routing import Option, TierState
from serve.receipt import Stage
from serve.sections.admission import BrownoutStep
from serve.sections.tiers import TierSettings

PERIOD: Final = 0.25  # seconds between two looks, while there is traffic
LINGER: Final = 5.0  # seconds without a request after which nobody looks any more
PATIENCE: Final = 2.0  # seconds a tier has to say how it is
FIRST_LOOK: Final = 0.3  # seconds that requests wait for the first look after a pause


@dataclass(slots=True)
class Tier:
    """`state` and `reason` are from the last look; before one, a tier counts as ready. `due`: when
    a model that loads will be there, as it says; `ready_since`: when a look saw that one was there
    again; both of `time.monotonic()`.
    """

    name: str
    settings: TierSettings
    engine: Engine
    gate: Gate
    breaker: Breaker
    estimator: Estimator = field(default_factory=Estimator)
    state: TierState = "ready"
    reason: str = ""
    load: Load | None = None
    due: float | None = None
    ready_since: float = float("-inf")

    @property
    def idle(self) -> bool:
        """Whether nobody runs or waits, as far as this gateway knows."""
        load, policy = self.load, self.gate.policy
        elsewhere = load is not None and load.running + load.waiting > 0
        return not elsewhere and not policy.running and not policy.waiting

    @property
    def awaited(self) -> bool:
        """Whether somebody waits for a place, or for the model."""
        policy = self.gate.policy
        return bool(policy.waiting or (policy.running and self.state != "ready"))

    def option(self, wait: float) -> Option:
        """For the router; `wait` in seconds."""
        resting = self.breaker.state(time.monotonic()) == "open"
        length = self.engine.card.context_length
        gone = self.state == "unavailable" and self.load is not None and self.load.device.lost
        return Option(
            self.name, self.state, length, wait, resting, "without its GPU" if gone else ""
        )

    def stage(self) -> Stage:
        """Of a request that it has begun with and that has no answer yet."""
        if self.state == "ready":
            return {"state": "reading", "tier": self.name}
        wait = None if self.due is None else round(max(0.0, self.due - time.monotonic()), 1)
        return {"state": "loading", "tier": self.name, "wait": wait}

    def queued(self, where: Where) -> Stage:
        """Of one that waits for a place."""
        place = where() or Place(1, None)
        wait = None if place.wait is None else round(place.wait, 1)
        return {"state": "queued", "tier": self.name, "position": place.position, "wait": wait}

    async def look(self) -> None:
        """Ask the engine how it is, and tell the gate."""
        try:
            async with asyncio.timeout(PATIENCE):
                load = await self.engine.load()
        except EngineNotLoaded as exc:
            self.state, self.reason = _state(exc), exc.message
            loading = self.state == "loading"
            self.due = time.monotonic() + exc.retry_after if loading else None
        except (EngineError, TimeoutError) as exc:
            self.state, self.due = "unavailable", None
            self.reason = getattr(exc, "message", "") or "It does not answer at present."
        else:
            gone = load.device.gone
            if self.state != "ready" and not gone:
                self.ready_since = time.monotonic()
            self.state, self.reason = "unavailable" if gone else "ready", gone
            self.load = load.of_all(self.settings.replicas)
            self.gate.observe(self.load)


def tiers_of(settings: Settings, engines: Mapping[str, Engine]) -> dict[str, Tier]:
    return {
        name: Tier(
            name,
            tier,
            engines[name],
            Gate(
                settings.admission,
                tier.slots * tier.replicas,
                gateways=settings.gateway.replicas,
            ),
            Breaker(settings.breaker),
        )
        for name, tier in settings.tiers.items()
    }


class Watch:
    """Looks at all tiers every `PERIOD` seconds while there is traffic, and at none otherwise.

    Who waits is traffic: a place that another gateway has left is seen by nothing but a look, and
    so is the end of loading.
    """

    def __init__(self, tiers: Iterable[Tier], brownout: Brownout) -> None:
        self._tiers = list(tiers)
        self._brownout = brownout
        self._task: asyncio.Task[None] | None = None
        self._looked = asyncio.Event()
        self._touched_at = float("-inf")

    @property
    def brownout(self) -> tuple[BrownoutStep, ...]:
        return self._brownout.steps

    @property
    def pressure(self) -> float:
        """What the ladder goes by: of the last look."""
        return self._brownout.pressure

    async def touch(self) -> None:
        """A request has come. Those that come first after a pause wait a moment for a look."""
        self._touched_at = time.monotonic()
        if self._task is None or self._task.done():
            self._looked = asyncio.Event()
            self._task = asyncio.create_task(self._run(self._looked))
        if not self._looked.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._looked.wait(), FIRST_LOOK)

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self, looked: asyncio.Event) -> None:
        while self._has_traffic():
            await asyncio.gather(*(tier.look() for tier in self._tiers))
            pressure = max(tier.gate.policy.pressure() for tier in self._tiers)
            self._brownout.feel(pressure, time.monotonic())
            looked.set()
            await asyncio.sleep(PERIOD)

    def _has_traffic(self) -> bool:
        recent = time.monotonic() - self._touched_at < LINGER
        return recent or any(tier.awaited for tier in self._tiers)


def _state(exc: EngineNotLoaded) -> TierState:
    known: tuple[TierState, ...] = ("loading", "asleep", "unavailable")
    return next((state for state in known if state == exc.state), "failed")
