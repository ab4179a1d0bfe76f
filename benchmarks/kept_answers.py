"""What kept answers take: memory, time to keep one, with and without the file, time to load it.

python benchmarks/kept_answers.py [--inserts 1000000]
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.report import conditions, save
from index.caches.behind import Behind
from index.caches.exact import ExactCache
from index.caches.sealed import Given, Owner, Sealed
from models.engine import Chunk, Usage

MEMORY = 16 << 20  # bytes
ANSWERS = 20_000  # for the file: more than there is room for
GIVEN = Given((Chunk("word " * 60, 60, finish_reason="stop", usage=Usage(20, 60)),), "s", "m", 9.0)
OWNER = Owner("0123456789ab", (("smollm2-135m-instruct", "f" * 64),))


def answer(number: int) -> Sealed:
    return Sealed.of(number.to_bytes(32), GIVEN, OWNER)


def keep(
    cache: ExactCache, answers: Sequence[Sealed], pause: Callable[[], Any]
) -> dict[str, float]:
    """Microseconds of one put; a pause after every thousand, for nobody is answered faster."""
    took = []
    for number, one in enumerate(answers, 1):
        began = time.perf_counter()
        cache.put(one, 0.0)
        took.append((time.perf_counter() - began) * 1e6)
        if number % 1000 == 0:
            pause()
    points = statistics.quantiles(took, n=1000)
    return {"p50": points[499], "p99": points[989], "mean": statistics.fmean(took)}


def many(count: int) -> dict[str, Any]:
    """`count` different answers in turn: what is kept, and what the process grew by."""
    cache, before = ExactCache(MEMORY, 3600), psutil.Process().memory_info().rss
    began = time.process_time()
    for number in range(count):
        cache.put(answer(number), 0.0)
    seconds = time.process_time() - began
    grown = psutil.Process().memory_info().rss - before
    return {
        "inserts": count,
        "microseconds of processor each, sealing included": seconds / count * 1e6,
        "entries": len(cache),
        "bytes said": cache.size,
        "bytes allowed": MEMORY,
        "bytes grown": grown,
        "bytes of an entry, said": cache.size / len(cache),
        "bytes of an entry, grown": grown / len(cache),
    }


@contextmanager
def a_file(folder: Path) -> Any:
    written = Behind(folder / "answers.db", 2 * MEMORY, 3600)
    began = time.perf_counter()
    loaded = len(written.load())
    yield written, loaded, time.perf_counter() - began
    written.close(60)


def on_disk() -> dict[str, Any]:
    answers = [answer(number) for number in range(ANSWERS)]
    alone = keep(ExactCache(MEMORY, 3600), answers, lambda: None)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with a_file(folder) as (written, _, _):
            cache = ExactCache(MEMORY, 3600)
            cache.mirror = written
            mirrored = keep(cache, answers, lambda: written.settle(60))
        size = sum(file.stat().st_size for file in folder.iterdir())
        with a_file(folder) as (_, loaded, seconds):
            pass
    return {
        "microseconds of a put, memory only": alone,
        "microseconds of a put, with the file": mirrored,
        "answers in the file": loaded,
        "bytes of the file": size,
        "seconds to load it": seconds,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inserts", type=int, default=1_000_000)
    options = parser.parse_args()
    result = {**conditions(), "many": many(options.inserts), "file": on_disk()}
    print(save("kept_answers", result).read_text())


if __name__ == "__main__":
    main()
