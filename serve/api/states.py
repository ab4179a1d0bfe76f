"""How the tiers are: one is ready when its engine says that it can produce tokens, not when its

process exists.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass

from models.engine import Engine
from models.errors import EngineError, EngineNotLoaded
from models.load import Load


@dataclass(frozen=True, slots=True)
class State:
    """`state` is ready, loading, asleep, failed or unavailable; `reason` is for people.

    One that is ready has a reason when it gives less than it was told to.
    """

    state: str
    reason: str | None = None

    @property
    def degraded(self) -> bool:
        """Whether that will not pass by itself."""
        return self.state in ("failed", "unavailable") or bool(self.is_ready and self.reason)

    @property
    def is_ready(self) -> bool:
        return self.state == "ready"


PATIENCE = 2.0  # seconds an engine has to say how it is
FRESH = 0.5  # seconds; whoever asks more often gets the last finding


class TierStates:
    """The state of every tier, found out at most every `FRESH` seconds however many ask."""

    def __init__(self, tiers: Mapping[str, Engine]) -> None:
        self._tiers = tiers
        self._looks: dict[str, tuple[State, Load | None]] = {}
        self._found_at = float("-inf")
        self._turn = asyncio.Lock()

    async def now(self) -> Mapping[str, State]:
        return {tier: state for tier, (state, _) in (await self._look()).items()}

    async def loads(self) -> Mapping[str, Load]:
        """How busy those are that say so."""
        looks = await self._look()
        return {tier: load for tier, (_, load) in looks.items() if load is not None}

    async def _look(self) -> Mapping[str, tuple[State, Load | None]]:
        async with self._turn:
            if time.monotonic() - self._found_at > FRESH:
                looks = await asyncio.gather(*(_look_at(e) for e in self._tiers.values()))
                self._looks = dict(zip(self._tiers, looks, strict=True))
                self._found_at = time.monotonic()
            return self._looks


async def _look_at(engine: Engine) -> tuple[State, Load | None]:
    try:
        async with asyncio.timeout(PATIENCE):
            load = await engine.load()  # it raises what its health would
    except EngineNotLoaded as exc:
        return State(exc.state, exc.message), None
    except EngineError as exc:
        return State("unavailable", exc.message), None
    except TimeoutError:
        return State("unavailable", "The engine does not answer at present."), None
    if load.device.gone:
        return State("unavailable", load.device.gone), load
    return State("ready", load.remark or None), load
