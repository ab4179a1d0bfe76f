"""One try to give an answer, timed for its receipt."""

import time
from dataclasses import dataclass, field

from models.engine import Prompt
from serve.generation.tiers import Tier
from serve.receipt import Attempt, Receipt


@dataclass(slots=True)
class Try:
    """Of `tier`, until `deadline` (of `time.monotonic()`)."""

    tier: Tier
    prompt: Prompt
    deadline: float
    attempt: Attempt
    _began: float = field(default_factory=time.monotonic)
    _admitted: bool = False
    _loads_since: float | None = None

    @classmethod
    def begun(cls, tier: Tier, prompt: Prompt, deadline: float, receipt: Receipt) -> "Try":
        attempt = Attempt(tier.name, 0.0, at=receipt.elapsed_ms())
        receipt.attempts.append(attempt)
        return cls(tier, prompt, deadline, attempt)

    def admitted(self, waited: float) -> None:
        """It has a place, after `waited` seconds."""
        self._admitted = True
        self.attempt.queue = waited * 1000
        if self.tier.state != "ready":
            self.attempt.was = self.tier.state
            self._loads_since = time.monotonic()

    def came(self, now: float) -> None:
        """The first chunk of a stream."""
        self._loaded(now)
        self.attempt.first = (now - self._began) * 1000

    def ended(self) -> None:
        now = time.monotonic()
        self._loaded(now)
        self.attempt.ms = (now - self._began) * 1000
        if not self._admitted:
            self.attempt.queue = self.attempt.ms

    def _loaded(self, now: float) -> None:
        """A model that was not there is there, since a look saw it; or `now`, if none did."""
        if (since := self._loads_since) is not None:
            seen = self.tier.ready_since
            self.attempt.load = ((seen if since < seen < now else now) - since) * 1000
            self._loads_since = None
