"""How the tiers are: one is ready when its engine says that it can produce tokens, not when its

process exists.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass

from models.engine import Engine
from models.errors import EngineError, EngineNotLoaded


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
        self._states: dict[str, State] = {}
        self._found_at = float("-inf")
        self._turn = asyncio.Lock()

    async def now(self) -> Mapping[str, State]:
        async with self._turn:
            if time.monotonic() - self._found_at > FRESH:
                states = await asyncio.gather(*(_state(e) for e in self._tiers.values()))
                self._states = dict(zip(self._tiers, states, strict=True))
                self._found_at = time.monotonic()
            return self._states


async def _state(engine: Engine) -> State:
    try:
        async with asyncio.timeout(PATIENCE):
            load = await engine.load()  # it raises what its health would
    except EngineNotLoaded as exc:
        return State(exc.state, exc.message)
    except EngineError as exc:
        return State("unavailable", exc.message)
    except TimeoutError:
        return State("unavailable", "The engine does not answer at present.")
    if load.device.gone:
        return State("unavailable", load.device.gone)
    return State("ready", load.remark or None)
