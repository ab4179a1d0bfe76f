"""What all of it costs over HTTP: keys, limits, filters, receipts and metrics together.

    python benchmarks/everything_on.py [--rounds 7] [--seconds 4] [--clients 16] [--words 32]

Two appliances that differ only in whether they keep receipts, each with an engine that answers at
once, are loaded in turn by one client process on the same cores, with keys that have limits or
none, and filters or none. As the machine's other work comes and goes, each is also compared with
`everything` in the same round. Processor time is that of all processes of an appliance, without
the clients.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.gateway import Target, hearth
from benchmarks.limits import EVERY
from benchmarks.report import conditions, save
from serve.config import Settings
from serve.ledger.groups import Group
from serve.ledger.keys import Keys
from serve.ledger.rights import Rights

GOAL: Final = 500.0  # requests/s of `everything`
TIER: Final = {
    "engine": "scripted",
    "model": "echo",
    "price": {"input": 1, "output": 2},
    "energy": {"input": 1, "output": 2},
}
LIMITED: Final = {"parent": "anna", "limits": EVERY}  # a key's, a person's and a team's
FILTERED: Final = {"filters": "private"}  # all that has a form, both ways
OFF: Final = {"filters": "off"}

Round = dict[str, float]


@contextmanager
def appliance(folder: Path, receipts: bool) -> Iterator[dict[str, Target]]:
    """Whom its keys make it, by what they lack."""
    more = {"tiers": {"small": TIER}, "receipts": {"enabled": receipts}}
    with hearth(folder, 1, **more) as target, closing(Keys(Settings(home=folder).database)) as keys:
        keys.groups.put(Group(name="team", limits=EVERY, created_at=0.0))
        keys.groups.put(Group(name="anna", parent="team", limits=EVERY, created_at=0.0))
        rights = {
            "everything": Rights(**LIMITED | FILTERED),
            "no limits": Rights(**FILTERED),
            "no filters": Rights(**LIMITED | OFF),
            "neither": Rights(**OFF),
        }
        yield {
            name: replace(target, name=name, key=keys.create(name, each)[1])
            for name, each in rights.items()
        }


def targets(stack: ExitStack, folder: Path) -> list[Target]:
    kept = stack.enter_context(appliance(folder / "k", True))
    unkept = stack.enter_context(appliance(folder / "u", False))
    return [
        kept["everything"],
        kept["no limits"],
        kept["no filters"],
        replace(unkept["everything"], name="no receipts"),
        replace(unkept["neither"], name="none of them"),
    ]


def one_round(target: Target, options: argparse.Namespace) -> Round:
    before = processor(target)
    found = target.load(target.request(options.words, False), options.clients, options.seconds)
    if found.failures:
        raise RuntimeError(f"{target.name}: {found.failures} requests were refused.")
    return {
        "requests/s": found.rate,
        "p50 ms": found.percentile(50),
        "p99 ms": found.percentile(99),
        "processor ms": (processor(target) - before) / len(found.latencies) * 1000,
    }


def processor(target: Target) -> float:
    """Seconds that all its processes have taken, threads and all."""
    first = psutil.Process(target.process)
    times = [each.cpu_times() for each in (first, *first.children(recursive=True))]
    return sum(each.user + each.system for each in times)


def measure(options: argparse.Namespace) -> dict[str, Any]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hb", dir="/tmp")))
        loaded = targets(stack, folder)
        for target in loaded:
            one_round(target, argparse.Namespace(**vars(options) | {"seconds": 1}))
        rounds = []
        for number in range(options.rounds):
            print(f"round {number + 1} of {options.rounds}", file=sys.stderr, flush=True)
            rounds.append({target.name: one_round(target, options) for target in loaded})
    return {"rounds": rounds, "told": {name: told(rounds, name) for name in rounds[0]}}


def told(rounds: list[dict[str, Round]], name: str) -> Round:
    """Medians; and how many times the requests/s and the processor time of `everything`."""
    found = {
        what: statistics.median(each[name][what] for each in rounds) for what in rounds[0][name]
    }
    for what in ("requests/s", "processor ms"):
        shares = [each[name][what] / each["everything"][what] for each in rounds]
        found[f"{what}, ratio"] = statistics.median(shares)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--words", type=int, default=32)
    options = parser.parse_args()
    before, result = conditions(), measure(options)
    print(f"{options.clients} clients (goal: {GOAL:.0f} requests/s with everything)")
    for name, found in result["told"].items():
        print(f"{name:14}" + "".join(f"  {what} {value:.2f}" for what, value in found.items()))
    print(f"kept as {save('everything_on', {**before, 'options': vars(options)} | result).name}")


if __name__ == "__main__":
    main()
