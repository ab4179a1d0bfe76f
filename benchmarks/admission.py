"""How long one admission decision takes while many wait.

    python benchmarks/admission.py [--waiting 1000] [--decisions 20000]

Pure policy, no event loop. At a full tier requests ask and are queued, running ones end, and the
next in turn are let in. Who waits is one key, a hundred, or each a key of its own; `full` has no
place left in the queue, so that newcomers displace others or are refused.
"""

import argparse
import random
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.report import conditions, save
from models.load import Load
from serve.policy.admission import Admission, Admitted, Ask, Queued
from serve.policy.estimates import Estimate, Estimator, Truth
from serve.sections.admission import AdmissionSettings

SLOTS = 32
NEVER = 1e9  # seconds: nothing expires
GOAL = 100.0  # microseconds

Times = list[float]


class Tier:
    """A full engine, and `waiting` requests of `keys` keys before it."""

    def __init__(self, waiting: int, keys: int, room: int) -> None:
        self._random = random.Random(1)
        self._keys = keys
        self.policy = Admission(AdmissionSettings(waiting=room), SLOTS, self._random)
        idle = Load(0, 0, SLOTS, 0, 1 << 30, 300.0, 100.0, 0, 0, 0.0)
        self.policy.observe(idle, 0.0)  # from now on it is known how fast the engine is
        self.running: list[int] = []
        while self.policy.waiting < waiting:
            verdict = self.policy.ask(self.request(), 0.0)
            if isinstance(verdict, Admitted):
                self.running.append(verdict.number)

    def request(self) -> Ask:
        key = f"key {self._random.randrange(self._keys)}"
        prompt, output = self._random.uniform(20, 2000), self._random.uniform(10, 500)
        return Ask(key, Estimate(prompt, prompt, output, prompt + output), NEVER)


def queue_and_go(tier: Tier, decisions: int) -> dict[str, Times]:
    """Each `ask` queues; each `leave` ends one that ran and lets the next in."""
    asks, leaves = [], []
    for _ in range(decisions):
        request, began = tier.request(), time.perf_counter()
        verdict = tier.policy.ask(request, 0.0)
        asks.append(time.perf_counter() - began)
        if not isinstance(verdict, Queued):
            continue
        ended, began = tier.running.pop(0), time.perf_counter()
        going = tier.policy.leave(ended, 0.0)
        leaves.append(time.perf_counter() - began)
        tier.running += going
    return {"ask": asks, "leave": leaves}


def overfill(tier: Tier, decisions: int) -> dict[str, Times]:
    """Each `ask` finds a queue without a free place."""
    asks = []
    for _ in range(decisions):
        request, began = tier.request(), time.perf_counter()
        tier.policy.ask(request, 0.0)
        asks.append(time.perf_counter() - began)
    return {"ask": asks}


def look(tier: Tier, decisions: int) -> dict[str, Times]:
    """What a look at the engine costs, four times a second: who is late, who may go."""
    advances = []
    for _ in range(decisions // 20):
        began = time.perf_counter()
        tier.policy.advance(0.0)
        advances.append(time.perf_counter() - began)
    return {"advance": advances}


def estimate(keys: int, decisions: int) -> dict[str, Times]:
    estimator, guesses, lessons = Estimator(), [], []
    for number in range(decisions):
        key, began = f"key {number % keys}", time.perf_counter()
        estimator.guess(key, 2000, 512)
        guessed = time.perf_counter()
        estimator.learn(key, 2000, Truth(500, 100, 90))
        guesses.append(guessed - began)
        lessons.append(time.perf_counter() - guessed)
    return {"guess": guesses, "learn": lessons}


def measure(waiting: int, decisions: int) -> dict[str, dict[str, float]]:
    """{what: microseconds}."""
    runs: dict[str, dict[str, Times]] = {}
    for keys in (1, 100, waiting):
        runs[f"{keys} keys"] = queue_and_go(Tier(waiting, keys, 2 * waiting), decisions)
        runs[f"{keys} keys, full"] = overfill(Tier(waiting, keys, waiting), decisions)
    runs["a look"] = look(Tier(waiting, 100, 2 * waiting), decisions)
    runs["estimates"] = estimate(waiting, decisions)
    return {
        f"{shape}: {call}": {
            "p50_us": float(np.percentile(times, 50)) * 1e6,
            "p99_us": float(np.percentile(times, 99)) * 1e6,
            "mean_us": float(np.mean(times)) * 1e6,
        }
        for shape, calls in runs.items()
        for call, times in calls.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--waiting", type=int, default=1000)
    parser.add_argument("--decisions", type=int, default=20_000)
    options = parser.parse_args()
    before = conditions()
    result = measure(options.waiting, options.decisions)
    print(f"{options.waiting} wait; microseconds (goal: {GOAL:.0f})")
    for what, times in result.items():
        print(f"{what:28} p50 {times['p50_us']:7.1f}   p99 {times['p99_us']:7.1f}")
    print(f"Kept as {save('admission', {**before, 'options': vars(options), 'times': result})}")


if __name__ == "__main__":
    main()
