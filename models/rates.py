"""How many per second lately."""

import math
from dataclasses import dataclass

MEMORY = 5.0  # seconds


@dataclass(slots=True)
class DecayingRate:
    """An exponentially weighted rate: what happened `MEMORY` seconds ago counts for 1/e."""

    _total: float = 0.0
    _at: float = 0.0

    def add(self, count: float, now: float) -> None:
        """`now` in seconds of any clock that does not go back."""
        self._total = self._decayed(now) + count
        self._at = now

    def at(self, now: float) -> float:
        """Per second, in the seconds before `now`."""
        return self._decayed(now) / MEMORY

    def _decayed(self, now: float) -> float:
        return self._total * math.exp(-max(0.0, now - self._at) / MEMORY)
