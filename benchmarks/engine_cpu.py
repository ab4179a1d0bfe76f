"""The CPU engine: many streams, shared prefixes, speculation, warm and cold starts.

    python benchmarks/engine_cpu.py [--threads 2] [--rounds 3] [--streams 1 4 8 32]
    python benchmarks/engine_cpu.py --url http://127.0.0.1:8080 --key KEY --model NAME

Without `--url`: the engine in this process against `llama_cpp.Llama` behind a lock, in turn, round
by round. With it: any server that speaks OpenAI's HTTP. Greedy throughout. Reported: medians over
rounds. A "token" is one that came out; prompts are about 128 tokens long.
"""

import argparse
import asyncio
import os
import random
import statistics
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.report import conditions, save
from benchmarks.subjects import Engine, Locked, Server, Subject
from models.llama.engine import LlamaSettings
from models.llama.gguf import check
from models.llama.settings import ENVIRONMENT, bundled_model
from models.llama.tuning import measure

WORDS = (Path(__file__).with_name("passage.txt")).read_text().split()
PASSAGE = " ".join(WORDS[:150])
BRIEF = "You are a helpful assistant."
OUTPUT = 128
SESSIONS = 8


@dataclass(frozen=True)
class Chat:
    system: str
    user: str
    output: int = OUTPUT


@dataclass(frozen=True)
class Seen:
    """One chat: seconds to the first token and to the last, tokens, text."""

    first: float
    last: float
    tokens: int
    text: str


def shuffled(seed: int, words: int) -> str:
    return " ".join(random.Random(seed).choices(WORDS, k=words))


def strangers(count: int, seed: int) -> list[Chat]:
    """Chats of about 128 tokens that have only the shortest system prompt in common."""
    return [
        Chat(BRIEF, f"{shuffled(seed + i, 72)}\n\nWrite a long story about this.")
        for i in range(count)
    ]


def sessions(seed: int) -> list[Chat]:
    """Eight questions about one system prompt of about 512 tokens, new for each seed."""
    system = f"You know this text:\n{shuffled(seed, 380)}"
    return [Chat(system, f"Question {i}: what is it about?", 32) for i in range(SESSIONS)]


async def ask(subject: Subject, chat: Chat) -> Seen:
    start = time.perf_counter()
    first, tokens, texts = 0.0, 0, []
    async for count, text in subject.chat(chat.system, chat.user, chat.output):
        first = first or time.perf_counter() - start
        tokens += count
        texts.append(text)
    return Seen(first, time.perf_counter() - start, tokens, "".join(texts))


async def load(subject: Subject, chats: Sequence[Chat]) -> dict[str, float]:
    """All `chats` at once: output tokens/s, seconds to the first token."""
    start = time.perf_counter()
    seen = await asyncio.gather(*(ask(subject, chat) for chat in chats))
    seconds = time.perf_counter() - start
    firsts = [s.first for s in seen]
    return {
        "tokens_per_s": sum(s.tokens for s in seen) / seconds,
        "ttft_p50_s": float(np.percentile(firsts, 50)),
        "ttft_p99_s": float(np.percentile(firsts, 99)),
    }


async def many_streams(
    subjects: Sequence[Subject], streams: Sequence[int], rounds: int
) -> dict[str, Any]:
    """{streams: {subject: medians}}; within a round the subjects take turns."""
    runs: dict[int, dict[str, list[dict[str, float]]]] = {
        n: {s.name: [] for s in subjects} for n in streams
    }
    for round_number in range(rounds):
        for n in streams:
            chats = strangers(n, seed=1000 * round_number + 100 * n)
            for subject in subjects:
                runs[n][subject.name].append(await load(subject, chats))
                print(f"  {n:2} streams, {subject.name}: {runs[n][subject.name][-1]}", flush=True)
    return {str(n): {name: medians(r) for name, r in of.items()} for n, of in runs.items()}


async def shared_prefix(subject: Subject, rounds: int) -> dict[str, float]:
    """Eight sessions over one prefix, all at once."""
    return medians([await load(subject, sessions(7000 + r)) for r in range(rounds)])


async def warm_start(subject: Subject, rounds: int) -> dict[str, float]:
    """Seconds to the first token over a prefix of 512 tokens that is new, and known."""
    cold, warm = [], []
    for r in range(rounds):
        first, second, *_ = sessions(9000 + r)
        cold.append((await ask(subject, first)).first)
        warm.append((await ask(subject, second)).first)
    pair = {"cold_s": statistics.median(cold), "warm_s": statistics.median(warm)}
    return {**pair, "warm_to_cold": pair["warm_s"] / pair["cold_s"]}


async def speculation(settings: LlamaSettings, rounds: int) -> dict[str, Any]:
    """One stream that copies from its prompt, with and without drafts."""
    chat = Chat(BRIEF, f"Repeat this text word for word:\n\n{PASSAGE}", 200)
    subjects = [
        Engine(name, replace(settings, slots=1, speculate=name == "with"))
        for name in ("with", "without")
    ]
    rates: dict[str, list[float]] = {s.name: [] for s in subjects}
    texts = set()
    for _ in range(rounds):
        for subject in subjects:
            seen = await ask(subject, chat)
            rates[subject.name].append((seen.tokens - 1) / (seen.last - seen.first))
            texts.add(seen.text)
    for subject in subjects:
        await subject.close()
    medians_of = {f"{name}_tokens_per_s": statistics.median(r) for name, r in rates.items()}
    ratio = medians_of["with_tokens_per_s"] / medians_of["without_tokens_per_s"]
    return {**medians_of, "ratio": ratio, "same_text": len(texts) == 1}


def medians(runs: Sequence[dict[str, float]]) -> dict[str, float]:
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def bound(settings: LlamaSettings) -> dict[str, float]:
    """Steps per second at which reading the weights alone would take all of the time."""
    weights = check(settings.path or bundled_model(), None).tensor_bytes
    parts = [np.ones(1 << 25, np.float64) for _ in range(settings.threads)]
    seconds = []
    with ThreadPoolExecutor(settings.threads) as pool:
        for _ in range(5):
            start = time.perf_counter()
            list(pool.map(np.sum, parts))
            seconds.append(time.perf_counter() - start)
    bandwidth = sum(p.nbytes for p in parts) / min(seconds)
    return {
        "weights_bytes": weights,
        "bandwidth_bytes_per_s": bandwidth,
        "steps_per_s": bandwidth / weights,
    }


async def measure_engine(options: argparse.Namespace) -> dict[str, Any]:
    with TemporaryDirectory() as folder:
        return await measure_tuned(options, Path(folder))


async def measure_tuned(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    given = LlamaSettings(path=bundled_model(), threads=options.threads)
    layout = measure(given, folder, print)
    settings = replace(given, layout=layout).with_weights(folder)
    result: dict[str, Any] = {"layout": repr(settings.layout), "bound": bound(settings)}
    result["speculation"] = await speculation(settings, options.rounds)
    print(result["speculation"], flush=True)
    engine = Engine("engine", settings, tenant="one")
    strangers_only = Engine("engine, prefixes not shared", settings)
    result["warm_start"] = await warm_start(engine, options.rounds)
    result["shared_prefix"] = {
        subject.name: await shared_prefix(subject, options.rounds)
        for subject in (engine, strangers_only)
    }
    await strangers_only.close()
    locked = Locked(settings.threads, settings.context_length)
    result["streams"] = await many_streams([engine, locked], options.streams, options.rounds)
    await engine.close()
    return result


async def measure_server(options: argparse.Namespace) -> dict[str, Any]:
    server = Server(options.url, options.key, options.model)
    return {
        "warm_start": await warm_start(server, options.rounds),
        "shared_prefix": await shared_prefix(server, options.rounds),
        "streams": await many_streams([server], options.streams, options.rounds),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--threads", type=int, default=2, help="cores for the engine")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--streams", type=int, nargs="+", default=[1, 4, 8, 32])
    parser.add_argument("--url", help="base URL of a server to load instead")
    parser.add_argument("--key", default="none")
    parser.add_argument("--model", default="smollm2-135m-instruct")
    options = parser.parse_args()
    if not options.url and ENVIRONMENT.items() - os.environ.items():
        os.execve(sys.executable, sys.orig_argv, {**os.environ, **ENVIRONMENT})
    before = conditions()
    result = asyncio.run((measure_server if options.url else measure_engine)(options))
    path = save("engine_cpu", {**before, "options": vars(options) | {"key": ""}, **result})
    print(f"Kept as {path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path}")


if __name__ == "__main__":
    main()
