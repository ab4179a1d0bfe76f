"""What a benchmark is to do."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from serve.bench.measures import Objective
from serve.bench.workload import Arrival, Lengths, Level, Shape, poisson, replay, shapes


@dataclass(frozen=True, slots=True)
class Plan:
    """Times in seconds. Every level is measured in every round for `seconds`, after `warm_up`
    seconds under the same load. `trace` belongs to the levels of that kind; `shared_prefix` in
    tokens; `timeout` of one request.
    """

    levels: Sequence[Level]
    prompt: Lengths
    output: Lengths
    rounds: int = 2
    seconds: float = 6.0
    warm_up: float = 2.0
    trace: Sequence[Arrival] = ()
    shared_prefix: int = 0
    seed: int = 1
    objective: Objective | None = None
    timeout: float = 120.0

    @property
    def length(self) -> float:
        """Of one measurement, without the answers that are still under way then."""
        return self.warm_up + self.seconds

    def shapes(self, level: Level, number: int) -> Iterator[Shape]:
        """Without end, for a closed loop. The same for every target of round `number`."""
        return shapes(self.prompt, self.output, self._rng(level, number))

    def arrivals(self, level: Level, number: int) -> list[Arrival]:
        """For an open loop."""
        rng = self._rng(level, number)
        if level.kind == "trace":
            return replay(self.trace, level.load, self.length, rng)
        asked = shapes(self.prompt, self.output, rng)
        times = list(poisson(level.load, self.length, rng))
        return [Arrival(at, next(asked)) for at in times]

    def _rng(self, level: Level, number: int) -> random.Random:
        return random.Random(f"{self.seed} {level} {number}")
