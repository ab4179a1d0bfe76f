"""What keeping receipts costs, and how quickly a million of them answer.

    python benchmarks/receipts.py [--receipts 1000000] [--rounds 25]

First a million receipts like those of chats are written to a file as a gateway does it, and asked
for. Then an API in this process answers the same small request with and without keeping them, in
turn; the scripted engine answers at once, so that receipts weigh as much as they ever will.
"""

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Message

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.report import conditions, save
from models.engine import Usage
from models.scripted import ScriptedEngine
from serve.api.app import House, create_app
from serve.config import Settings
from serve.ledger.keys import Keys
from serve.pipeline import Pipeline
from serve.receipt import Attempt, Forecast, Receipt, Step, id_at
from serve.receipts.feedback import summary
from serve.receipts.keeping import BATCH, Keeping
from serve.receipts.listing import Wanted, page
from serve.receipts.receipt_file import ReceiptFile, Row, known
from serve.receipts.receipt_line import as_line, as_row
from serve.receipts.usage import BYS, Span, usage

DAYS = 30
KEYS = 50
STEPS = ("authenticate", "read", "limits", "cache", "route", "generate")
REPEATS = 5  # of each question, of which the median counts
REQUESTS = 200  # of one round
CHAT = b'{"model": "echo", "messages": [{"role": "user", "content": "one two three"}]}'


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--receipts", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=25)
    options = parser.parse_args()
    result = conditions()
    with tempfile.TemporaryDirectory() as folder:
        result["file"] = many(Path(folder) / "receipts.db", options.receipts)
    with tempfile.TemporaryDirectory() as folder:
        result["requests"] = asyncio.run(cost(Path(folder), options.rounds))
    print(result["file"], result["requests"], sep="\n")
    print(save("receipts", result))


def many(path: Path, count: int) -> dict[str, Any]:
    """Sizes in bytes, times in milliseconds unless they say otherwise."""
    draw, now = random.Random(0), time.time()
    writing = 0.0
    with closing(ReceiptFile(path)) as file:
        for first in range(0, count, BATCH):
            at = (now - DAYS * 86_400 * (1 - number / count) for number in range(first, count))
            rows = [_row(draw, moment) for moment, _ in zip(at, range(BATCH), strict=False)]
            began = time.perf_counter()
            file.add(rows)
            writing += time.perf_counter() - began
        size = file.size
        with closing(known(path)) as db:
            asked = _asked(db, rows[-1].id, now)
        began = time.perf_counter()
        gone = file.tidy(now - (DAYS - 1) * 86_400, 1 << 40)
        tidying = time.perf_counter() - began
    return {
        "receipts": count,
        "bytes": size,
        "bytes_each": size / count,
        "write_us_each": writing / count * 1e6,
        "asked_ms": asked,
        "a_day_forgotten": {"receipts": gone, "seconds": tidying},
    }


def _row(draw: random.Random, at: float) -> Row:
    key = f"{draw.randrange(KEYS):012x}"
    receipt = Receipt(
        id=id_at(at) + f"{draw.getrandbits(48):012x}",
        started_at=at,
        path="/v1/chat/completions",
        key_id=key,
        tenant=key,
        model="smollm2-135m-instruct",
        tier="small",
        reason="easy enough",
        cache=draw.choice(("miss", "miss", "hit")),
        kept=draw.randbytes(32),
        usage=Usage(draw.randrange(1000), draw.randrange(300), draw.randrange(100)),
        steps=[Step(name, "ok", draw.random() * 10, draw.random() * 10) for name in STEPS],
        attempts=[Attempt("small", draw.random() * 1000)],
        forecast=[Forecast(100.0, 90)],
        ttft_ms=20.0,
        last_ms=500.0,
        total_ms=501.0,
        status=200,
    )
    return as_row(receipt, as_line(receipt))


def _asked(db: Any, one: str, now: float) -> dict[str, float]:
    costs, week = Settings().cost, now - 7 * 86_400
    questions: dict[str, Callable[[], Any]] = {
        "one receipt": lambda: list(db.execute("SELECT receipt FROM receipts WHERE id=?", (one,))),
        "the last 20": lambda: list(
            db.execute("SELECT receipt FROM receipts ORDER BY number DESC LIMIT 20")
        ),
        "a page": lambda: page(db, Wanted()),
        "a page of failures, of which there are none": lambda: page(db, Wanted(failed=True)),
        "the slowest of those": lambda: page(db, Wanted(slowest=True)),
        "part of an id": lambda: page(db, Wanted(text=one[-10:])),
        "feedback": lambda: summary(db, "model", 0.0),
    }
    for by in BYS:
        questions[f"usage by {by}"] = lambda by=by: usage(db, by, Span(), ["small"], costs)  # type: ignore[misc]
    questions["usage by key, a week"] = lambda: usage(db, "key", Span(week), ["small"], costs)
    return {name: round(_median_ms(ask), 3) for name, ask in questions.items()}


def _median_ms(ask: Callable[[], Any]) -> float:
    return statistics.median(_timed(ask) for _ in range(REPEATS)) * 1000


def _timed(ask: Callable[[], Any]) -> float:
    began = time.perf_counter()
    ask()
    return time.perf_counter() - began


async def cost(folder: Path, rounds: int) -> dict[str, Any]:
    """Processor time per request, of all threads, so that writing behind counts, too; the log's
    line is made either way. Of the rounds the fastest counts: other work on this machine makes
    them slower, never faster.
    """
    tiers = {"small": {"engine": "scripted", "model": "echo"}}
    settings = Settings(home=folder, tiers=tiers)
    engines = {"small": ScriptedEngine("echo")}
    receipts = Keeping(settings.receipts_file, settings.receipts)
    with closing(Keys(settings.database)) as keys:
        text = keys.create("bench")[1]
        without = House(settings, keys, Pipeline(settings, engines), engines)
        houses = {"without": without, "with": replace(without, receipts=receipts)}
        taken: dict[str, list[float]] = {name: [] for name in houses}
        for _ in range(rounds):
            for name, house in houses.items():
                taken[name].append(await _round(house, text, receipts))
        receipts.close()
    fastest = {name: min(each) * 1e6 for name, each in taken.items()}
    return {
        "cpu_us_per_request": fastest,
        "ratio": fastest["with"] / fastest["without"],
        "medians": {name: statistics.median(each) * 1e6 for name, each in taken.items()},
        "lost": receipts.standing.lost,
    }


async def _round(house: House, key: str, receipts: Keeping) -> float:
    """Seconds of processor time per request."""
    app = create_app(house)
    began = time.process_time()
    for _ in range(REQUESTS):
        await _request(app, key)
    receipts.settle(30)
    return (time.process_time() - began) / REQUESTS


async def _request(app: ASGIApp, key: str) -> None:
    """One chat, without a client or a socket."""
    headers = {"host": "localhost", "authorization": f"Bearer {key}"}
    headers |= {"content-type": "application/json", "content-length": str(len(CHAT))}
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "POST", "path": "/v1/chat/completions", "headers": raw}
    bodies = [{"type": "http.request", "body": CHAT, "more_body": False}]

    async def receive() -> Message:
        if bodies:
            return bodies.pop()
        return await asyncio.get_running_loop().create_future()

    async def send(message: Message) -> None:
        assert message.get("status", 200) == 200, message

    await app(scope, receive, send)


if __name__ == "__main__":
    main()
