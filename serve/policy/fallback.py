"""When to try again, where, and when to leave a tier alone.

Values in, decisions out; the clock is an argument (seconds that do not go back).

Sources: circuit breaker (M. Nygard, "Release It!"; the window over error rate and slow calls as
in resilience4j), retry budget (Google SRE book, "Handling Overload"), full jitter (M. Brooker,
"Exponential Backoff And Jitter").
"""

import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from models.errors import (
    EngineBusy,
    EngineNotLoaded,
    GenerationTimeout,
    ModelRefused,
    PromptRefused,
)
from serve.errors import Overloaded, QueueDeadline
from serve.sections.fallback import BreakerSettings, RetrySettings

BreakerState = Literal["closed", "open", "half_open"]
MINUTE = 60.0


class Breaker:
    """Opens when too many of a tier's last calls failed or were slow; then one call probes."""

    def __init__(self, settings: BreakerSettings) -> None:
        self._settings = settings
        self._calls: deque[tuple[float, bool]] = deque()
        self._bad = 0
        self._opened_at: float | None = None
        self._rest = settings.rest
        self._probing = False

    def state(self, now: float) -> BreakerState:
        if self._opened_at is None:
            return "closed"
        return "half_open" if now >= self._opened_at + self._rest else "open"

    def retry_after(self, now: float) -> float:
        """Seconds until the tier is tried again; 0 while it is used."""
        return max(0.0, self._opened_at + self._rest - now) if self._opened_at is not None else 0.0

    def admits(self, now: float) -> bool:
        """Whether one more call may go there. Who is admitted must tell how it went."""
        state = self.state(now)
        if state == "half_open" and not self._probing:
            self._probing = True
            return True
        return state == "closed"

    def succeeded(self, now: float, first_token: float) -> None:
        """`first_token` in seconds from the call, queueing not included."""
        if first_token > self._settings.slow:
            self.failed(now)
        elif self._opened_at is not None:
            self._close()
        else:
            self._note(now, bad=False)

    def failed(self, now: float) -> None:
        if self._opened_at is not None:
            self._rest = min(2 * self._rest, self._settings.longest)
            self._open(now)
            return
        self._note(now, bad=True)
        enough = len(self._calls) >= self._settings.calls
        if enough and self._bad >= self._settings.failures * len(self._calls):
            self._open(now)

    def abandoned(self) -> None:
        """The call said nothing about the tier: its client left, or its prompt was refused."""
        self._probing = False

    def _note(self, now: float, *, bad: bool) -> None:
        self._calls.append((now, bad))
        self._bad += bad
        while self._calls[0][0] < now - self._settings.window:
            self._bad -= self._calls.popleft()[1]

    def _open(self, now: float) -> None:
        self._opened_at = now
        self._probing = False

    def _close(self) -> None:
        self._opened_at, self._rest, self._probing = None, self._settings.rest, False
        self._calls.clear()
        self._bad = 0


class RetryBudget:
    """Allows retries up to a share of the last minute's requests, and a few beyond."""

    def __init__(self, settings: RetrySettings) -> None:
        self._settings = settings
        self._requests = _LastMinute()
        self._retries = _LastMinute()

    def request(self, now: float) -> None:
        self._requests.add(now)

    def take(self, now: float) -> bool:
        """Whether one more retry is in the budget; it is spent if so."""
        allowed = self._settings.share * self._requests.count(now) + self._settings.spare
        if self._retries.count(now) + 1 > allowed:
            return False
        self._retries.add(now)
        return True


class _LastMinute:
    """Counts what happened in the last 60 s, to the second."""

    def __init__(self) -> None:
        self._seconds: deque[tuple[int, int]] = deque()
        self._sum = 0

    def add(self, now: float) -> None:
        second = int(now)
        if self._seconds and self._seconds[-1][0] == second:
            self._seconds[-1] = (second, self._seconds[-1][1] + 1)
        else:
            self._seconds.append((second, 1))
        self._sum += 1

    def count(self, now: float) -> int:
        while self._seconds and self._seconds[0][0] <= now - MINUTE:
            self._sum -= self._seconds.popleft()[1]
        return self._sum


Blame = Literal["prompt", "deadline", "busy", "tier"]


def blame(error: Exception) -> Blame:
    """What an error is about: only what a tier did counts against it."""
    if isinstance(error, PromptRefused):
        return "prompt"
    if isinstance(error, GenerationTimeout | QueueDeadline):
        return "deadline"
    busy = isinstance(error, EngineBusy | EngineNotLoaded | Overloaded)
    return "busy" if busy else "tier"


@dataclass(frozen=True, slots=True)
class Retry:
    """Ask `tier` again after `delay` seconds."""

    tier: str
    delay: float


@dataclass(slots=True)
class Attempts:
    """The tries of one answer. `tiers`: who may give it, the preferred one first.

    `rng` draws the jitter.
    """

    settings: RetrySettings
    tiers: Sequence[str]
    rng: random.Random = field(default_factory=random.Random)
    made: list[str] = field(default_factory=list)

    def began(self, tier: str) -> None:
        self.made.append(tier)

    def after(self, error: Exception, usable: Sequence[str]) -> Retry | None:
        """The next try after `error`, or None: the error is the answer.

        `usable` are the tiers whose breakers are not open. Another tier is asked at once; the
        same one after a pause, if what failed may heal.
        """
        if blame(error) in ("prompt", "deadline") or len(self.made) >= self.settings.attempts:
            return None
        last = self.made[-1]
        others = [t for t in self.tiers if t != last and t in usable]
        fresh = [t for t in others if t not in self.made]
        if fresh or others:
            return Retry((fresh or others)[0], 0.0)
        heals = blame(error) == "tier" and not isinstance(error, ModelRefused)
        return Retry(last, self._pause()) if heals else None

    def _pause(self) -> float:
        repeats = self.made.count(self.made[-1]) - 1
        top = min(self.settings.backoff * 2**repeats, self.settings.longest)
        return self.rng.uniform(0.0, top)
