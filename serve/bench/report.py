"""What was measured, under which conditions: as JSON, and as tables of words and numbers."""

import os
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from serve.bench.measures import ratios
from serve.bench.plan import Plan
from serve.bench.run import Round
from serve.bench.summary import (
    Summary,
    knee_words,
    levels_of,
    of_target,
    summaries,
    targets_of,
)

MS: Final = 1000.0

# The figures of the tables: name, heading, factor, digits.
COLUMNS: Final = (
    ("output_tokens_per_s", "tokens/s", 1, 1),
    ("requests_per_s", "requests/s", 1, 2),
    ("ttft_p50", "TTFT p50 ms", MS, 0),
    ("ttft_p99", "TTFT p99 ms", MS, 0),
    ("itl_p50", "ITL p50 ms", MS, 1),
    ("itl_p99", "ITL p99 ms", MS, 1),
    ("tpot_p50", "TPOT p50 ms", MS, 1),
    ("e2e_p50", "E2E p50 s", 1, 2),
    ("e2e_p99", "E2E p99 s", 1, 2),
    ("prompt_tokens", "tokens in", 1, 0),
    ("output_tokens", "tokens out", 1, 0),
    ("attainment", "in SLO", 1, 2),
    ("goodput_tokens_per_s", "good tokens/s", 1, 1),
    ("joules_per_token", "J/token", 1, 3),
    ("refusal_p99", "refusal p99 ms", MS, 0),
)
Table = list[list[str]]
"""Rows of cells, the first row with headings."""


@dataclass(frozen=True, slots=True)
class Report:
    """`conditions` by what they are called; `ceiling` in events per second, None: not measured."""

    conditions: Mapping[str, str]
    plan: Plan
    rounds: Sequence[Round]
    ceiling: float | None = None

    @property
    def found(self) -> list[Summary]:
        return summaries(self.rounds)

    def as_json(self) -> dict[str, Any]:
        found = self.found
        plan = asdict(self.plan)
        plan["trace"] = len(self.plan.trace)  # requests
        return {
            "conditions": dict(self.conditions),
            "plan": plan,
            "client_ceiling_events_per_s": self.ceiling,
            "knee": {target: knee_words(found, target) for target in targets_of(found)},
            "levels": [asdict(summary) | {"level": str(summary.level)} for summary in found],
        }

    def table(self, target: str) -> Table:
        """A row for each load; without the figures that nobody has."""
        found = of_target(self.found, target)
        columns = [c for c in COLUMNS if any(c[0] in summary.figures for summary in found)]
        rows = [
            [str(s.level), *(_cell(s, *column) for column in columns), _failures(s)] for s in found
        ]
        return [["load", *(column[1] for column in columns), "failed"], *rows]

    def comparison(self) -> Table:
        """The first target's figures as a multiple of the second's; empty without a second."""
        found = self.found
        names = targets_of(found)
        if len(names) < 2:
            return []
        ours, theirs = ({s.level: s.figures for s in of_target(found, name)} for name in names[:2])
        divided = {level: ratios(ours[level], theirs[level]) for level in levels_of(found)}
        columns = [c for c in COLUMNS if any(c[0] in ratio for ratio in divided.values())]
        rows = [
            [str(level), *(f"{r[c[0]]:.2f}" if c[0] in r else "" for c in columns)]
            for level, r in divided.items()
        ]
        return [["load", *(column[1].removesuffix(" ms") for column in columns)], *rows]

    def remarks(self) -> list[str]:
        """What a reader of the tables must know besides."""
        found = self.found
        said = [f"{target}: {knee_words(found, target)}." for target in targets_of(found)]
        if self.ceiling is not None:
            fastest = max(s.figures["output_tokens_per_s"] for s in found)
            said.append(
                f"The client's own ceiling: {self.ceiling:.0f} events/s, with the server that "
                f"makes them on the same core; {fastest / self.ceiling:.0%} of it was measured."
            )
        return said


def conditions(arguments: Sequence[str], gpus: Sequence[str]) -> dict[str, str]:
    """Of a run that begins now. `arguments` are those of the command, without secrets."""
    return {
        "when": time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()),
        "version": f"hearth {version('hearth')}, python {platform.python_version()}",
        "processor": _processor(),
        "cores": str(len(os.sched_getaffinity(0))),
        "gpus": ", ".join(gpus) or "none",
        "load before": f"{os.getloadavg()[0]:.2f}",
        "command": " ".join(arguments),
    }


def as_text(table: Table) -> str:
    """Aligned: the first column left, the others right."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if at == 0 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    )


def _cell(summary: Summary, name: str, _: str, factor: float, digits: int) -> str:
    value = summary.figures.get(name)
    return "" if value is None else f"{value * factor:.{digits}f}"


def _failures(summary: Summary) -> str:
    return ", ".join(f"{count} {word}" for word, count in summary.failures.items()) or "0"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()
