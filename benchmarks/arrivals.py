"""When requests come and how long they are: from a trace of real ones, or made up."""

import csv
import random
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MADE_UP = 20_000  # requests
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Shape:
    """Tokens of one request."""

    prompt: int
    output: int


class Arrivals:
    """`trace` has the columns TIMESTAMP, ContextTokens and GeneratedTokens (Azure's LLM inference
    traces); None: lognormal lengths, Poisson arrivals. Lengths are divided by `scale`.
    """

    def __init__(self, trace: Path | None, scale: float, most: Shape) -> None:
        gaps, prompts, outputs = _made_up() if trace is None else _read(trace)
        self._gaps = gaps
        self.shapes = [
            Shape(int(prompt), int(output))
            for prompt, output in zip(
                np.clip(prompts / scale, 4, most.prompt),
                np.clip(outputs / scale, 2, most.output),
                strict=True,
            )
        ]

    def draw(self, rate: float, seconds: float, seed: int) -> list[tuple[float, Shape]]:
        """What comes within `seconds` at `rate` per second on average, from a random place on."""
        wanted = max(1, round(rate * seconds))
        at = random.Random(seed).randrange(len(self._gaps) - wanted)
        times = np.cumsum(self._gaps[at : at + wanted])
        times *= seconds / times[-1]
        return list(zip(times.tolist(), self.shapes[at : at + wanted], strict=True))


def _made_up() -> tuple[Numbers, Numbers, Numbers]:
    rng = np.random.default_rng(1)
    gaps = rng.exponential(1.0, MADE_UP)
    return gaps, rng.lognormal(6.6, 1.0, MADE_UP), rng.lognormal(5.0, 0.9, MADE_UP)


def _read(trace: Path) -> tuple[Numbers, Numbers, Numbers]:
    with trace.open(newline="") as file:
        rows = list(csv.DictReader(file))
    times = [_seconds(row["TIMESTAMP"]) for row in rows]
    prompts = np.array([float(row["ContextTokens"]) for row in rows])
    outputs = np.array([float(row["GeneratedTokens"]) for row in rows])
    return np.diff(times, prepend=times[0]), prompts, outputs


def _seconds(timestamp: str) -> float:
    """Python reads six digits of a second; traces have seven."""
    whole, _, fraction = timestamp.partition(".")
    return datetime.fromisoformat(whole).timestamp() + float(f"0.{fraction or 0}")
