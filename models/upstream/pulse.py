"""Whether an upstream is well: tokens say it better than its status page.

Pure: the clock is an argument (seconds that do not go back).
"""

from dataclasses import dataclass
from typing import Final

FRESH: Final = 5.0  # seconds a token, or a look at the upstream, says how it is
STALLED: Final = 15.0  # seconds that an upstream counts as stuck after an answer got stuck

INFINITELY_OLD: Final = float("-inf")


@dataclass(slots=True)
class Pulse:
    """`trouble` is what the last look found, None when nothing was wrong."""

    trouble: str | None = None
    _seen_at: float = INFINITELY_OLD
    _stuck_until: float = INFINITELY_OLD

    def progressed(self, now: float) -> None:
        self.found(None, now)
        self._stuck_until = INFINITELY_OLD

    def stuck(self, now: float) -> None:
        """An answer did not go on. Others may: the next token corrects it."""
        self._stuck_until = now + STALLED

    def found(self, trouble: str | None, now: float) -> None:
        self.trouble = trouble
        self._seen_at = now

    def is_stuck(self, now: float) -> bool:
        return now < self._stuck_until

    def is_old(self, now: float) -> bool:
        """Nothing has been heard lately: it is time to look."""
        return now - self._seen_at > FRESH
