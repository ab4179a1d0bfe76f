"""When to start again and when to give up: values in, decisions out."""

from dataclasses import dataclass

FIRST_DELAY = 1.0  # seconds
LONGEST_DELAY = 30.0
STEADY = 60.0  # seconds of good service after which earlier failures are forgotten
MISSES = 5  # unanswered probes in a row that mean a hang


class Backoff:
    """Delays that double from 1 to 30 seconds, so that nothing restarts in a tight loop."""

    def __init__(self) -> None:
        self.failures = 0

    def after(self, served: float) -> float:
        """Seconds to wait after a life that was ready for about `served` seconds."""
        self.failures = 1 if served >= STEADY else self.failures + 1
        return float(min(LONGEST_DELAY, FIRST_DELAY * 2 ** (min(self.failures, 10) - 1)))


@dataclass(slots=True)
class Vigil:
    """Judges one life of the appliance from what it says and how it answers.

    `patience` is how many seconds it may take to become ready.
    """

    patience: float
    ready: bool = False
    expects_ready: bool = False
    failed: str | None = None
    missed: int = 0

    def said(self, state: str, detail: str) -> None:
        """Its own word opens the door to the probe; `failed` is the end of this life."""
        self.expects_ready = self.expects_ready or state == "ready"
        self.failed = detail if state == "failed" else None

    def problem(self, uptime: float) -> str | None:
        """Why this life should be given up, by what it said and how long it took."""
        if self.failed is not None:
            return f"The appliance failed: {self.failed}"
        if not self.ready and uptime > self.patience:
            return f"The appliance was not ready after {self.patience:.0f} s."
        return None

    def answered(self, alive: bool) -> str | None:
        """Why a life that was ready should be given up, after one more probe."""
        self.missed = 0 if alive else self.missed + 1
        return "The appliance does not answer." if self.missed >= MISSES else None
