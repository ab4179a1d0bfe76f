"""What keys and limits cost a gateway: processor time per request, no HTTP.

    python benchmarks/limits.py [--requests 5000] [--keys 1000]

Authenticating among `keys` keys and finding who pays; then reserving, settling and telling the
headers, against a real ledger of what was spent. `none` has no limits; `key` has requests and
tokens a minute; `all` is a key, a person, a team and a model, each with every limit there is.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.report import conditions, save
from models.engine import Message, Prompt, Sampling, Usage
from models.scripted import ScriptedEngine
from serve.api.call import Call
from serve.api.house import House
from serve.api.permission import payers_of
from serve.config import Settings
from serve.ledger.groups import Group
from serve.ledger.keys import Keys
from serve.ledger.rights import Rights
from serve.ledger.spending import Spending
from serve.limits.limiting import Limiting
from serve.pipeline import Helpers, Pipeline
from serve.receipt import Receipt
from serve.request import Request
from serve.sections.quotas import Budget, Limits

GOAL = 300.0  # microseconds of the processor, all of it together
MUCH = 10**9
BUDGET = Budget(tokens=MUCH, money=MUCH, energy=MUCH)
EVERY = Limits(
    requests=MUCH, input_tokens=MUCH, output_tokens=MUCH, tokens=MUCH, parallel=MUCH,
    day=BUDGET, month=BUDGET,
)  # fmt: skip
PROMPT = Prompt("r", "t", (Message("user", "some words " * 50),), Sampling(max_tokens=100))
USED = Usage(150, 80)

Times = dict[str, list[float]]


@contextmanager
def house(shape: str, keys: int, folder: Path) -> Iterator[tuple[House, str]]:
    """An appliance without HTTP, and the text of the key that asks."""
    models = {"echo": EVERY} if shape == "all" else {}
    tier = {"engine": "scripted", "model": "echo", "price": {"input": 1, "output": 2}}
    nothing = {"engine": "none", "model": "none"}
    settings = Settings(
        home=folder, tiers={"small": tier}, embedder=nothing, quotas={"models": models}
    )
    ring, spending = Keys(settings.database), Spending(settings.spending)
    for number in range(keys):
        ring.create(f"key {number}")
    rights = Rights(limits=Limits(requests=MUCH, tokens=MUCH)) if shape == "key" else Rights()
    if shape == "all":
        ring.groups.put(Group(name="team", limits=EVERY, created_at=0.0))
        ring.groups.put(Group(name="anna", parent="team", limits=EVERY, created_at=0.0))
        rights = Rights(parent="anna", limits=EVERY)
    engines = {"small": ScriptedEngine("echo")}
    limiting = Limiting(settings.deadlines.answer, settings.quotas.warn, spending)
    pipeline = Pipeline(settings, engines, Helpers(limiting=limiting))
    yield House(settings, ring, pipeline, engines), ring.create("asks", rights)[1]
    spending.close()
    ring.close()


async def ask(home: House, text: str, times: Times) -> None:
    async def nobody() -> dict[str, str]:
        return {"type": "http.disconnect"}

    async def nothing(_: object) -> None: ...

    call = Call(home, {"method": "POST", "path": "/", "headers": []}, nobody, nothing)
    began = time.process_time()
    call.is_from(home.keys.authenticate(text))
    payers = payers_of(call)
    known = time.process_time()
    request = Request("echo", (PROMPT,), False, payers=payers)
    tiers = list(home.pipeline.tiers.values())
    with await home.pipeline.billing.bill(request, tiers, call.receipt):
        answered(call.receipt)
    times["key"].append(known - began)
    times["limits"].append(time.process_time() - known)


def answered(receipt: Receipt) -> None:
    receipt.usage, receipt.tier, receipt.model = USED, "small", "echo"


async def measure(shape: str, requests: int, keys: int) -> dict[str, dict[str, float]]:
    """{what: microseconds}."""
    times: Times = {"key": [], "limits": []}
    with tempfile.TemporaryDirectory() as folder, house(shape, keys, Path(folder)) as (home, text):
        for _ in range(requests):
            await ask(home, text, times)
        await home.pipeline.close()
    times["together"] = list(np.add(times["key"], times["limits"]))
    return {
        f"{shape}: {what}": {
            "p50_us": float(np.percentile(each, 50)) * 1e6,
            "p99_us": float(np.percentile(each, 99)) * 1e6,
        }
        for what, each in times.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=5000)
    parser.add_argument("--keys", type=int, default=1000)
    options = parser.parse_args()
    before, result = conditions(), dict[str, dict[str, float]]()
    for shape in ("none", "key", "all"):
        result |= asyncio.run(measure(shape, options.requests, options.keys))
    print(f"microseconds of the processor per request (goal: {GOAL:.0f} together)")
    for what, each in result.items():
        print(f"{what:20} p50 {each['p50_us']:7.1f}   p99 {each['p99_us']:7.1f}")
    print(f"Kept as {save('limits', {**before, 'options': vars(options), 'times': result})}")


if __name__ == "__main__":
    main()
