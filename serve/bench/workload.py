"""What is asked, and when: lengths and arrivals, made up or from a trace of real requests."""

import csv
import random
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Literal, Self

COLUMNS: Final = ("TIMESTAMP", "ContextTokens", "GeneratedTokens")


class TraceRefused(Exception):
    """A trace cannot be used. The message is one line for people."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Tokens of one request."""

    prompt: int
    output: int


@dataclass(frozen=True, slots=True)
class Arrival:
    """`at` in seconds since the load began."""

    at: float
    shape: Shape


@dataclass(frozen=True, slots=True)
class Lengths:
    """Tokens, uniform from `low` to `high`, both included."""

    low: int
    high: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """`512` or `128-1024`. Raises `ValueError`."""
        low, _, high = text.partition("-")
        found = cls(int(low), int(high or low))
        if not 1 <= found.low <= found.high:
            raise ValueError(f"{text} is no range of tokens")
        return found

    def __str__(self) -> str:
        return str(self.low) if self.low == self.high else f"{self.low}-{self.high}"

    def draw(self, rng: random.Random) -> int:
        return rng.randint(self.low, self.high)


@dataclass(frozen=True, slots=True)
class Level:
    """One load: `clients` that each ask again when they are answered (a closed loop), requests at
    a `rate` per second whoever is answered (open), or a `trace`, so many times as fast.
    """

    kind: Literal["clients", "rate", "trace"]
    load: float

    def __str__(self) -> str:
        form = {"clients": "{:g} clients", "rate": "{:g} requests/s", "trace": "trace x {:g}"}
        return form[self.kind].format(self.load)


def shapes(prompt: Lengths, output: Lengths, rng: random.Random) -> Iterator[Shape]:
    """Without end."""
    while True:
        yield Shape(prompt.draw(rng), output.draw(rng))


def poisson(rate: float, seconds: float, rng: random.Random) -> Iterator[float]:
    """Times of independent arrivals, `rate` per second on average, within `seconds`."""
    at = rng.expovariate(rate)
    while at < seconds:
        yield at
        at += rng.expovariate(rate)


def replay(
    trace: Sequence[Arrival], speed: float, seconds: float, rng: random.Random
) -> list[Arrival]:
    """`seconds` of `trace`, `speed` times as fast, from a random place on."""
    latest = max(0.0, trace[-1].at - seconds * speed)
    begin = rng.uniform(0.0, latest)
    first = bisect_left(trace, begin, key=lambda arrival: arrival.at)
    last = bisect_left(trace, begin + seconds * speed, key=lambda arrival: arrival.at)
    return [Arrival((one.at - begin) / speed, one.shape) for one in trace[first:last]]


def read_trace(path: Path, shrink: float = 1.0) -> list[Arrival]:
    """Requests by time, the first one at 0; lengths are divided by `shrink`.

    A CSV file with the columns TIMESTAMP (a date and time, or seconds), ContextTokens and
    GeneratedTokens, as Azure publishes its LLM inference traces. Raises `TraceRefused`.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            found = list(_rows(csv.DictReader(file), shrink))
    except (OSError, UnicodeDecodeError, csv.Error) as exc:
        raise TraceRefused(f"{path} cannot be read as CSV.") from exc
    if not found:
        raise TraceRefused(f"{path} has no requests.")
    found.sort(key=lambda arrival: arrival.at)
    return [Arrival(one.at - found[0].at, one.shape) for one in found]


def _rows(reader: "csv.DictReader[str]", shrink: float) -> Iterator[Arrival]:
    missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
    if missing:
        raise TraceRefused(f"Line 1: the trace has no column {', '.join(missing)}.")
    for row in reader:
        prompt, output = (
            max(1, round(_number(row, column, reader.line_num) / shrink)) for column in COLUMNS[1:]
        )
        yield Arrival(_time(row, reader.line_num), Shape(prompt, output))


def _number(row: dict[str, str], column: str, line: int) -> int:
    try:
        return int(row[column])
    except (TypeError, ValueError) as exc:
        raise TraceRefused(f"Line {line}: {column} is no number.") from exc


def _time(row: dict[str, str], line: int) -> float:
    text = row[COLUMNS[0]] or ""
    try:
        return float(text)
    except ValueError:
        pass
    whole, _, fraction = text.partition(".")  # Python reads six digits of a second, not seven
    try:
        return datetime.fromisoformat(whole).timestamp() + float(f"0.{fraction or 0}")
    except ValueError as exc:
        raise TraceRefused(f"Line {line}: {COLUMNS[0]} is no time.") from exc
