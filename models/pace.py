"""How long a step of an engine may take before the engine counts as stuck."""

from dataclasses import dataclass
from typing import Final

SHORTEST: Final = 10.0  # seconds
LONGEST: Final = 60.0  # seconds; also while nothing has been measured
SLACK: Final = 3.0  # a machine may be busy with something else


@dataclass(slots=True)
class Pace:
    """`most`: tokens of the largest step that the engine makes.

    A step costs something by itself and something per token, so no measured step says less of a
    token than it costs: the fastest one bounds the time of the largest.
    """

    most: int
    _per_token: float = float("inf")

    def step(self, tokens: int, seconds: float) -> None:
        """A step has ended."""
        if tokens:
            self._per_token = min(self._per_token, seconds / min(tokens, self.most))

    @property
    def limit(self) -> float:
        """Seconds after which a step is taken for endless."""
        return min(LONGEST, max(SHORTEST, SLACK * self._per_token * self.most))
