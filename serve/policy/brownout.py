"""What is spared as pressure rises, one step at a time, with hysteresis so that nothing flaps."""

from collections.abc import Collection
from dataclasses import replace

from models.engine import Prompt
from serve.sections.admission import BrownoutSettings, BrownoutStep

SMOOTHING = 0.3  # weight of the newest pressure


class Brownout:
    def __init__(self, settings: BrownoutSettings) -> None:
        self._settings = settings
        self._pressure = 0.0
        self._level = 0
        self._changed_at = float("-inf")

    @property
    def pressure(self) -> float:
        return self._pressure

    def feel(self, pressure: float, now: float) -> tuple[BrownoutStep, ...]:
        """The steps in force after this reading; at most one more or less than before."""
        self._pressure += SMOOTHING * (pressure - self._pressure)
        rises = self._level < len(self._settings.steps) and self._pressure >= self._mark(
            self._level
        )
        falls = self._level > 0 and (
            self._pressure < self._settings.leave * self._mark(self._level - 1)
        )
        if rises or (falls and now - self._changed_at >= self._settings.hold):
            self._level += 1 if rises else -1
            self._changed_at = now
        return self.steps

    @property
    def steps(self) -> tuple[BrownoutStep, ...]:
        return self._settings.steps[: self._level]

    def _mark(self, level: int) -> float:
        """The pressure at which step `level` (from 0) is taken."""
        first, last, steps = self._settings.first, self._settings.last, len(self._settings.steps)
        return first if steps == 1 else first + (last - first) * level / (steps - 1)


def shortened(prompt: Prompt, steps: Collection[str], most: int) -> Prompt:
    """What `steps` take from an answer: it has `most` tokens then."""
    if "shorter_output" not in steps:
        return prompt
    limit = min(prompt.sampling.max_tokens or most, most)
    return replace(prompt, sampling=replace(prompt.sampling, max_tokens=limit))
