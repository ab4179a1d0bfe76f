"""How fast passages are embedded, and how long a question waits meanwhile.

    python benchmarks/embedding.py PATH [--rounds N] [--passages N] [--threads N]

PATH is a folder as BEIR has them, or Cranfield's. Its documents are cut to mixed lengths (from 40
characters to all of what the model reads) and embedded in turn: by `SentenceTransformer.encode`
once for each, with its defaults; and by ours, which gives the token vectors, too. While ours is
busy somebody asks a question every half second. Both have the same threads.
"""

import argparse
import asyncio
import random
import statistics
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.judged_sets import read
from benchmarks.report import conditions, save
from models.embedder import SentenceEmbedder, bundled_embedder
from models.tokens import BundledTokens

LENGTHS = (40, 100, 200, 400, 800, 4000)  # characters
PAUSE = 0.5  # seconds between questions
QUESTION = "what problems of heat conduction in composite slabs have been solved so far"


def texts(path: Path, count: int) -> list[str]:
    """Of mixed lengths, none longer than the model reads."""
    chance, counter = random.Random(0), BundledTokens()
    found = chance.sample(sorted(read(path).documents.values()), count)
    cut = [text[: chance.choice(LENGTHS)] for text in found]
    most = counter.limit - counter.special
    spans = [counter.spans(text)[:most] for text in cut]
    return [text[: span[-1][1]] for text, span in zip(cut, spans, strict=True)]


class Timed(NamedTuple):
    """`processor` seconds do not count what others do on this machine."""

    seconds: float
    processor: float
    vectors: np.ndarray


def baseline(passages: list[str], threads: int) -> Timed:
    import torch
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(bundled_embedder()), device="cpu")
    torch.set_num_threads(threads)
    model.encode("to warm up")
    start, processor = time.perf_counter(), time.process_time()
    vectors = np.stack([model.encode(passage) for passage in passages])
    return Timed(time.perf_counter() - start, time.process_time() - processor, vectors)


async def ours(
    embedder: SentenceEmbedder, passages: list[str], ask: bool
) -> tuple[Timed, list[float]]:
    """... and seconds of each question that was asked meanwhile."""
    waits: list[float] = []

    async def asking() -> None:
        while True:
            await asyncio.sleep(PAUSE)
            waits.append(await question(embedder))

    asker = asyncio.create_task(asking()) if ask else None
    start, processor = time.perf_counter(), time.process_time()
    found = await embedder.embed_deep(passages, "passage")
    taken, used = time.perf_counter() - start, time.process_time() - processor
    if asker is not None:
        asker.cancel()
    return Timed(taken, used, found.vectors), waits


async def question(embedder: SentenceEmbedder) -> float:
    start = time.perf_counter()
    await embedder.embed_deep([QUESTION], "question")
    return time.perf_counter() - start


async def one_round(
    embedder: SentenceEmbedder, passages: list[str], threads: int
) -> dict[str, float]:
    theirs = baseline(passages, threads)
    mine, _ = await ours(embedder, passages, ask=False)
    busy, waits = await ours(embedder, passages, ask=True)
    alone = [await question(embedder) for _ in range(5)]
    return {
        "encode, passages/s": len(passages) / theirs.seconds,
        "ours, passages/s": len(passages) / mine.seconds,
        "ratio": theirs.seconds / mine.seconds,
        "ratio of processor time": theirs.processor / mine.processor,
        "ours while asked, passages/s": len(passages) / busy.seconds,
        "least cosine to encode's": float((mine.vectors * theirs.vectors).sum(axis=1).min()),
        "question alone, ms": 1000 * statistics.median(alone),
        "question meanwhile, ms, p50": 1000 * statistics.median(waits) if waits else 0.0,
        "question meanwhile, ms, most": 1000 * max(waits, default=0.0),
    }


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    passages = texts(options.path, options.passages)
    embedder = SentenceEmbedder("ours", options.threads)
    await question(embedder)
    rounds = []
    for number in range(options.rounds):
        print(f"round {number + 1} of {options.rounds}", file=sys.stderr, flush=True)
        rounds.append(await one_round(embedder, passages, options.threads))
    median = {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}
    lengths = [len(BundledTokens().spans(passage)) + 2 for passage in passages]
    tokens = {
        "all": sum(lengths),
        "p10, p50, p90": list(map(float, np.quantile(lengths, (0.1, 0.5, 0.9)))),
    }
    return {"tokens": tokens, "median": median, "rounds": rounds}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("path", type=Path, metavar="PATH")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--passages", type=int, default=200)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    result = asyncio.run(measure(options))
    print(f"tokens: {result['tokens']}")
    for name, value in result["median"].items():
        print(f"{name:36}{value:10.3f}")
    print(save("embedding", conditions() | {"threads": options.threads} | result))


if __name__ == "__main__":
    main()
