"""Twice as much as the CPU tier can do: what is answered in time, with admission and without.

    python benchmarks/overload.py [--trace FILE.csv] [--scale 8] [--deadline 20] [--seconds 30]

Open loop: requests come when the trace (or a Poisson process) says, whatever became of those
before. They go through Hearth's own steps from admission on, in one process with the engine; only
the engine knows how long an answer will be.

The knee is what a closed loop gets through. An answer is good when its last token came before its
deadline; goodput is good answers per second of load. Without admission, clients either give up at
the deadline (`none`) or wait until the answer has come (`none, patient`). Back to normal: a
request of the usual size takes no longer than the 95th percentile at half the knee.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.arrivals import Arrivals, Shape
from benchmarks.loaded_tier import MOST, LoadedTier, Scripted, Seen
from benchmarks.report import conditions, save
from models.llama.engine import LlamaEngine, LlamaSettings
from models.llama.settings import ENVIRONMENT, bundled_model
from models.llama.tuning import measure
from serve.receipt import Receipt
from serve.sections.admission import AdmissionSettings

WARM_UP = 8.0  # seconds of load that do not count
CLIENTS = 16  # of the closed loop
VICTIM, NEIGHBOUR, FLOOD = 0.15, 0.3, 3.0  # shares of the knee

Result = dict[str, Any]


class Bench:
    def __init__(self, options: argparse.Namespace, engine: Scripted, slots: int) -> None:
        self._arrivals = Arrivals(options.trace, options.scale, MOST)
        self._engine = engine
        self._slots = slots
        self._deadline: float = options.deadline
        self._seconds: float = options.seconds
        self._admission = AdmissionSettings(patience=options.patience)
        self._knee = 0.0
        self._normal = 0.0

    async def run(self) -> Result:
        shapes = self._arrivals.shapes[: len(self._arrivals.shapes) // 2]
        unlimited = self._tier(admission=False, patient=True)
        self._knee = await unlimited.closed_loop(CLIENTS, shapes, WARM_UP, self._seconds)
        calm = await self._load(0.5)
        self._normal = calm["last_p95_s"]
        result: Result = {"knee_per_s": self._knee, "admission": {"0.5": calm}}
        for share in (1.0, 2.0):
            result["admission"][str(share)] = await self._load(share)
        result["none"] = await self._load(2.0, admission=False)
        result["none, patient"] = await self._load(2.0, admission=False, patient=True)
        return {**result, "flood": await self._flood()}

    async def _load(self, share: float, *, admission: bool = True, patient: bool = False) -> Result:
        """At `share` of the knee."""
        tier = self._tier(admission=admission, patient=patient)
        ends = WARM_UP + self._seconds
        load = self._arrivals.draw(share * self._knee, ends, seed=int(10 * share))
        probing = asyncio.create_task(tier.recovery(ends, self._normal, self._usual()))
        seen = await tier.open_loop({"key": load}, ends + self._deadline)
        recovery = await probing
        counted = [s for s in seen if s.at >= WARM_UP]
        result = summary(counted, self._deadline) | estimates(tier.receipts)
        result["offered_per_s"] = sum(at >= WARM_UP for at, _ in load) / self._seconds
        result["goodput_per_s"] = sum(s.is_good(self._deadline) for s in counted) / self._seconds
        result["recovery_s"] = recovery if self._normal else None
        print(f"{share} x the knee, {admission=}, {patient=}: {result}", flush=True)
        return result

    async def _flood(self) -> Result:
        """A key that asks for little, alone and beside one that asks for ever more."""
        result = {}
        for name, share in (("alone", 0.0), ("neighbour", NEIGHBOUR), ("flood", FLOOD)):
            tier = self._tier(admission=True, patient=False)
            ends = WARM_UP + 2 * self._seconds
            loads = {"victim": self._arrivals.draw(VICTIM * self._knee, ends, seed=77)}
            if share:
                loads["other"] = self._arrivals.draw(share * self._knee, ends, seed=78)
            seen = await tier.open_loop(loads, ends + self._deadline)
            victims = [s for s in seen if s.key == "victim" and s.at >= WARM_UP]
            result[name] = summary(victims, self._deadline)
            print(f"victim, {name}: {result[name]}", flush=True)
        return result

    def _tier(self, *, admission: bool, patient: bool) -> LoadedTier:
        settings = self._admission.model_copy(update={"enabled": admission})
        timeout = None if patient else self._deadline
        return LoadedTier(self._engine, self._slots, settings, timeout)

    def _usual(self) -> Shape:
        prompts, outputs = zip(*((s.prompt, s.output) for s in self._arrivals.shapes), strict=True)
        return Shape(int(np.median(prompts)), int(np.median(outputs)))


def summary(seen: Sequence[Seen], deadline: float) -> Result:
    answered = [s for s in seen if s.error is None]
    refused = [s.last for s in seen if s.error == "Overloaded"]
    errors = [s.error for s in seen if s.error]
    return {
        "requests": len(seen),
        "good": sum(s.is_good(deadline) for s in seen),
        "errors": {error: errors.count(error) for error in sorted(set(errors))},
        "first_p50_s": percentile([s.first for s in answered], 50),
        "first_p99_s": percentile([s.first for s in answered], 99),
        "last_p50_s": percentile([s.last for s in answered], 50),
        "last_p95_s": percentile([s.last for s in answered], 95),
        "last_p99_s": percentile([s.last for s in answered], 99),
        "refusal_p99_ms": percentile([1000 * s for s in refused], 99),
    }


def estimates(receipts: Sequence[Receipt]) -> Result:
    """How far off admission was: median absolute error, in seconds and in tokens."""
    waits = [
        abs(r.expected_wait_ms - r.queue_ms) / 1000
        for r in receipts
        if r.expected_wait_ms is not None
    ]
    outputs = [abs(f.expected - f.came) for r in receipts for f in r.forecast]
    return {"wait_error_s": percentile(waits, 50), "output_error_tokens": percentile(outputs, 50)}


def percentile(values: Sequence[float], percent: float) -> float:
    return float(np.percentile(values, percent)) if values else 0.0


def goals(result: Result) -> list[tuple[str, float, str]]:
    """What was measured against what is wanted."""
    at_two, flood = result["admission"]["2.0"], result["flood"]
    good = at_two["goodput_per_s"]
    peak = max(load["goodput_per_s"] for load in result["admission"].values())
    victim = flood["flood"]["last_p99_s"]
    return [
        ("goodput at 2 x the knee, as a share of the peak", good / peak, ">= 0.9"),
        ("... to none", good / max(1e-9, result["none"]["goodput_per_s"]), ">= 2"),
        (
            "... to none, patient",
            good / max(1e-9, result["none, patient"]["goodput_per_s"]),
            ">= 2",
        ),
        ("refusals, p99, ms", at_two["refusal_p99_ms"], "< 50"),
        ("back to normal, s", at_two["recovery_s"], "<= 5"),
        (
            "victim's p99 under a flood to a neighbour",
            victim / flood["neighbour"]["last_p99_s"],
            "<= 1.2",
        ),
        ("victim's p99 under a flood to alone", victim / flood["alone"]["last_p99_s"], "<= 1.2"),
    ]


async def measure_tier(options: argparse.Namespace, folder: Path) -> Result:
    given = LlamaSettings(path=bundled_model(), threads=options.threads, slots=options.slots)
    given = replace(given, context_length=MOST.prompt + MOST.output, speculate=False)
    settings = replace(given, layout=measure(given, folder, print)).with_weights(folder)
    engine = Scripted(LlamaEngine(settings))
    try:
        return {
            "layout": repr(settings.layout),
            **await Bench(options, engine, options.slots).run(),
        }
    finally:
        await engine.close()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trace", type=Path, help="CSV of real requests")
    parser.add_argument("--scale", type=float, default=8, help="lengths are divided by this")
    parser.add_argument("--deadline", type=float, default=20, help="seconds until the last token")
    parser.add_argument("--patience", type=float, default=30, help="admission.patience, seconds")
    parser.add_argument("--seconds", type=float, default=30, help="of each load, without warm-up")
    parser.add_argument("--threads", type=int, default=2, help="cores for the engine")
    parser.add_argument("--slots", type=int, default=32)
    options = parser.parse_args()
    if ENVIRONMENT.items() - os.environ.items():
        os.execve(sys.executable, sys.orig_argv, {**os.environ, **ENVIRONMENT})
    before = conditions()
    with TemporaryDirectory() as folder:
        result = asyncio.run(measure_tier(options, Path(folder)))
    print(f"\nknee: {result['knee_per_s']:.2f} answers/s")
    for what, value, goal in goals(result):
        print(f"{what:50} {value:7.2f}   goal {goal}")
    asked = {name: str(value) for name, value in vars(options).items()}
    asked["trace"] = options.trace.name if options.trace else "made up"
    print(f"Kept as {save('overload', {**before, 'options': asked, **result})}")


if __name__ == "__main__":
    main()
