"""What the gateway costs: Hearth with an instant engine against a bare Ray Serve chain.

    python benchmarks/gateway.py [--rounds 5] [--seconds 4] [--clients 16] [--words 64]

Both run side by side on this machine and are loaded in turn, round by round, by one client
process on the same cores. Reported: the median over rounds, and the ratio. Then Hearth alone gives
one kept answer again and again.
"""

import argparse
import asyncio
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.http_load import Measured, closed_loop
from benchmarks.report import conditions, save
from models.engine import Message, Prompt
from models.scripted import ScriptedEngine
from serve.config import Settings
from serve.environment import cluster_environment
from serve.ledger.keys import Keys

START_DEADLINE = 180.0  # seconds
MODEL = "echo"


@dataclass(frozen=True)
class Target:
    """Something that answers chats at `port`; `key` is what it asks for, `process` its first."""

    name: str
    port: int
    process: int
    key: str = "none"

    def request(self, words: int, stream: bool, **sampling: float) -> bytes:
        """Sampled as the tier does it, it is generated every time; at temperature 0, once."""
        text = " ".join(f"word{i}" for i in range(words))
        body: dict[str, Any] = {"model": MODEL, "messages": [{"role": "user", "content": text}]}
        body |= {"stream": stream, **sampling}
        payload = json.dumps(body).encode()
        head = (
            f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            f"Authorization: Bearer {self.key}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(payload)}\r\n\r\n"
        )
        return head.encode() + payload

    def load(self, request: bytes, clients: int, seconds: float) -> Measured:
        return asyncio.run(closed_loop(("127.0.0.1", self.port), request, clients, seconds))


@contextmanager
def hearth(folder: Path, replicas: int, **more: Any) -> Iterator[Target]:
    """`more` are settings."""
    settings = Settings.model_validate(
        {
            "home": folder,
            "port": free_port(),
            "gateway": {"replicas": replicas, "drain_seconds": 1},
            "tiers": {"small": {"engine": "scripted", "model": MODEL}},
            "embedder": {"engine": "none"},
            "ui": {"enabled": False},
            **more,
        }
    )
    config = folder / "hearth.yaml"
    _, key = Keys(settings.database).create("benchmark")
    config.write_text(settings.model_dump_json())
    environment = cluster_environment(settings) | {"HEARTH_CONFIG": str(config)}
    command = [sys.executable, "-m", "serve.app"]
    with running(command, environment, '"ready"') as process:
        yield Target("Hearth", settings.port, process, key)


@contextmanager
def bare_chain(folder: Path) -> Iterator[Target]:
    port = free_port()
    script = str(Path(__file__).with_name("bare_chain.py"))
    with running([sys.executable, script, str(port), str(folder)], {}, "ready") as process:
        yield Target("bare Ray Serve", port, process)


@contextmanager
def running(command: list[str], environment: dict[str, str], ready: str) -> Iterator[int]:
    """`command` as a process group, whose id is yielded, from the line that says `ready` to the end
    of the block.
    """
    process = subprocess.Popen(
        command,
        env=os.environ | {"PYTHONPATH": os.getcwd()} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        text=True,
    )
    assert process.stdout is not None
    try:
        deadline = time.monotonic() + START_DEADLINE
        for line in process.stdout:
            if ready in line:
                break
            if time.monotonic() > deadline:
                raise TimeoutError(f"{command} was not ready in time.")
        else:
            raise RuntimeError(f"{command} ended before it was ready.")
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


async def direct_call(calls: int) -> list[float]:
    """Milliseconds of the same answer from the engine alone, in this process."""
    engine, latencies = ScriptedEngine(MODEL), []
    prompt = Prompt("direct", "tenant", (Message("user", "word0 word1 word2"),))
    for _ in range(calls):
        start = time.perf_counter()
        async for _chunk in engine.generate(prompt):
            pass
        latencies.append((time.perf_counter() - start) * 1000)
    return latencies


def one_round(target: Target, options: argparse.Namespace) -> dict[str, float]:
    short, streamed = target.request(3, False), target.request(options.words, True)
    one = target.load(short, 1, options.seconds)
    many = target.load(short, options.clients, options.seconds)
    stream = target.load(streamed, 8, options.seconds)
    if one.failures or many.failures or stream.failures:
        raise RuntimeError(f"{target.name} refused requests.")
    return {
        "p50 ms, 1 client": one.percentile(50),
        "p99 ms, 1 client": one.percentile(99),
        f"requests/s, {options.clients} clients": many.rate,
        f"p50 ms, {options.clients} clients": many.percentile(50),
        f"streams/s of {options.words} words, 8 clients": stream.rate,
        "words/s streamed, 8 clients": stream.rate * options.words,
    }


def kept_answers(target: Target, options: argparse.Namespace) -> dict[str, float]:
    request = target.request(3, False, temperature=0)
    one = target.load(request, 1, options.seconds)
    many = target.load(request, options.clients, options.seconds)
    return {
        "p50 ms, 1 client": one.percentile(50),
        "p99 ms, 1 client": one.percentile(99),
        f"answers/s, {options.clients} clients": many.rate,
    }


def medians(rounds: list[dict[str, float]]) -> dict[str, float]:
    return {name: statistics.median(r[name] for r in rounds) for name in rounds[0]}


def measure(options: argparse.Namespace) -> dict[str, Any]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hb", dir="/tmp")))
        targets = [stack.enter_context(hearth(folder / "h", options.replicas))]
        targets.append(stack.enter_context(bare_chain(folder / "b")))
        for target in targets:
            one_round(target, argparse.Namespace(**vars(options) | {"seconds": 1}))
        rounds: dict[str, list[dict[str, float]]] = {t.name: [] for t in targets}
        for number in range(options.rounds):
            print(f"round {number + 1} of {options.rounds}", file=sys.stderr, flush=True)
            for target in targets:
                rounds[target.name].append(one_round(target, options))
        kept = [kept_answers(targets[0], options) for _ in range(options.rounds)]
    direct = statistics.median(asyncio.run(direct_call(2000)))
    return {
        "direct engine call, p50 ms": direct,
        "median": {name: medians(r) for name, r in rounds.items()},
        "rounds": rounds,
        "kept answers": medians(kept),
    }


def show(result: dict[str, Any]) -> None:
    ours, bare = result["median"].values()
    print(f"{'':44}{'Hearth':>10}{'bare':>10}{'ratio':>8}")
    for name in ours:
        print(f"{name:44}{ours[name]:10.2f}{bare[name]:10.2f}{ours[name] / bare[name]:8.2f}")
    added = ours["p50 ms, 1 client"] - result["direct engine call, p50 ms"]
    for name, value in result["kept answers"].items():
        print(f"kept: {name:38}{value:10.2f}")
    print(f"Hearth adds {added:.2f} ms (p50, 1 client) to a direct engine call.")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--words", type=int, default=64)
    parser.add_argument("--replicas", type=int, default=1)
    options = parser.parse_args()
    result = measure(options)
    show(result)
    print(save("gateway", conditions() | {"options": vars(options)} | result))


if __name__ == "__main__":
    main()
