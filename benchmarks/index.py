"""Searching, building and starting a collection of synthetic passages, without an embedder.

    python benchmarks/index.py [--passages N] [--questions N] [--folder FOLDER]

Vectors of 384 dimensions lie in 500 clusters on a surface of fewer dimensions; questions are drawn
like passages. Texts have some 120 words of a vocabulary of 50,000 whose frequencies follow Zipf's
law; a question has 10 of a passage's words as they come, once all of them and once without the 100
most frequent ones, which in a language are those that retrieval does not ask for. Every number is
of the store as the appliance uses it, in this process.
"""

import argparse
import hashlib
import io
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.report import conditions, save
from index.documents import Passage
from index.store.collections import Embedding, NewCollection
from index.store.records import Content, NewDocument, Reader
from index.store.source import CollectionSource
from index.store.store import Store

DIMENSION = 384
CLUSTERS = 500
SURFACE = 64
WORDS = 120
FUNCTION_WORDS = 100
VOCABULARY = 50_000
IN_DOCUMENT = 100  # passages
K = 10
WIDE = 100  # what retrieval asks each stage for
ME = Reader("benchmark")

Vectors = NDArray[np.float32]


class Synthetic:
    """Passages and questions, always the same for a seed."""

    def __init__(self, seed: int = 0) -> None:
        self.rng = np.random.default_rng(seed)
        self._centres = self.rng.standard_normal((CLUSTERS, DIMENSION)).astype(np.float32)
        self._surface = self.rng.standard_normal((SURFACE, DIMENSION)).astype(np.float32)
        rank = np.arange(1, VOCABULARY + 1)
        self._frequency = 1 / (rank + 2.7)
        self._frequency /= self._frequency.sum()
        self._words = np.array([_word(place) for place in range(VOCABULARY)])

    def vectors(self, count: int) -> Vectors:
        where = self.rng.integers(0, CLUSTERS, count)
        flat = self.rng.standard_normal((count, SURFACE)).astype(np.float32) @ self._surface
        noise = self.rng.standard_normal((count, DIMENSION)).astype(np.float32)
        found = 0.6 * self._centres[where] + 0.12 * flat + 0.35 * noise
        return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), np.float32)

    def texts(self, count: int) -> list[str]:
        drawn = self.rng.choice(VOCABULARY, (count, WORDS), p=self._frequency)
        return [" ".join(words) for words in self._words[drawn]]

    def question(self, text: str) -> list[str]:
        return [str(word) for word in self.rng.choice(text.split(), 10, replace=False)]


def meaningful(words: list[str]) -> list[str]:
    return [word for word in words if int(word[1:], 36) >= FUNCTION_WORDS]


def _word(place: int) -> str:
    return f"w{np.base_repr(place, 36).lower()}"


def fill(store: Store, made: Synthetic, count: int) -> tuple[str, Vectors, list[str]]:
    """A collection of `count` passages in documents of `IN_DOCUMENT`; its id and what is in it."""
    collection = store.collections.create(ME, NewCollection("bench"), Embedding("none", DIMENSION))
    file = store.files.add(ME, "bench.txt", io.BytesIO(b"bench"))
    vectors, texts = made.vectors(count), made.texts(count)
    for at in range(0, count, IN_DOCUMENT):
        part = texts[at : at + IN_DOCUMENT]
        passages = [Passage(n, text, 0, len(text), WORDS) for n, text in enumerate(part)]
        digest = hashlib.sha256("".join(part).encode()).hexdigest()
        new = NewDocument(file.id, f"document {at}", digest)
        job = store.jobs.begin(ME, collection.id, new).document
        content = Content(passages, list(vectors[at : at + IN_DOCUMENT]), "none")
        store.jobs.finish(job.id, content)
    print(f"stored {count:,} passages", flush=True)
    return collection.id, vectors, texts


def timed(asked: int, ask: Callable[[int], Any]) -> dict[str, float]:
    """Milliseconds of one call, after ten to warm up; `processor` is what it computed itself."""
    for place in range(min(10, asked)):
        ask(place)
    found, computed = [], []
    for place in range(asked):
        began, busy = time.perf_counter(), time.thread_time()
        ask(place)
        found.append((time.perf_counter() - began) * 1000)
        computed.append((time.thread_time() - busy) * 1000)
    p50, p99 = np.quantile(found, (0.5, 0.99)).tolist()
    return {"p50": p50, "p99": p99, "processor": float(np.median(computed))}


def resident() -> int:
    """Bytes of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def recall(source: CollectionSource, vectors: Vectors, asked: Vectors) -> float:
    """Share of the exact ten nearest that are found; passage n has the id n + 1."""
    hits = 0
    for vector in asked:
        exact = np.argpartition(-(vectors @ vector), K)[:K] + 1
        hits += len({row for row, _ in source.dense(vector, K)} & set(exact.tolist()))
    return hits / (K * len(asked))


def searches(source: CollectionSource, asked: Vectors, words: list[list[str]]) -> dict[str, Any]:
    def everything(place: int) -> None:
        dense = source.dense(asked[place], WIDE)
        lexical = source.lexical(meaningful(words[place]), WIDE)
        wanted = {row for row, _ in (*dense[:25], *lexical[:25])}
        source.passages(wanted)
        source.vectors(wanted)

    count = len(words)
    return {
        "dense, 10": timed(count, lambda place: source.dense(asked[place], K)),
        "dense, 100": timed(count, lambda place: source.dense(asked[place], WIDE)),
        "lexical, 100, all words": timed(count, lambda n: source.lexical(words[n], WIDE)),
        "lexical, 100": timed(count, lambda n: source.lexical(meaningful(words[n]), WIDE)),
        "both, and 25 to 50 passages with vectors": timed(count, everything),
    }


def seconds(task: Callable[[], Any]) -> float:
    began = time.perf_counter()
    task()
    return time.perf_counter() - began


def large(folder: Path, count: int, questions: int) -> dict[str, Any]:
    made = Synthetic()
    store = Store(folder)
    fill_seconds = time.perf_counter()
    collection, vectors, texts = fill(store, made, count)
    fill_seconds = time.perf_counter() - fill_seconds
    store.close()
    asked = made.vectors(questions)
    words = [made.question(texts[place]) for place in made.rng.integers(0, count, questions)]
    del texts
    store, before = Store(folder), resident()
    exact = searches(store.source(ME, collection), asked[:50], words[:50])["dense, 10"]
    build = seconds(store.settle)
    source = store.source(ME, collection)
    found = searches(source, asked, words)
    result = {
        "passages": count,
        "stored_per_second": count / fill_seconds,
        "build_seconds": build,
        "searches_ms": found | {"dense, 10, while the graph is built": exact},
        "recall_at_10": recall(source, vectors, asked),
        "memory_ratio": (resident() - before) / vectors.nbytes,
        "close_seconds": seconds(store.close),
        "disk_bytes": sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()),
    }
    return result


def restart(folder: Path, count: int) -> dict[str, Any]:
    """A collection of `count`: rebuilt from the stored vectors, and started with its index."""
    made = Synthetic(1)
    store = Store(folder)
    collection, vectors, _ = fill(store, made, count)
    store.source(ME, collection)
    store.settle()
    store.close()
    for path in (folder / "graphs").iterdir():
        path.unlink()
    found: dict[str, Any] = {"passages": count}

    def start() -> None:
        nonlocal store
        store = Store(folder)
        store.source(ME, collection).dense(vectors[0], K)

    found["first_answer_without_index_seconds"] = seconds(start)
    found["rebuild_seconds"] = seconds(store.settle)
    store.close()
    found["first_answer_with_index_seconds"] = seconds(start)
    store.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--questions", type=int, default=500)
    parser.add_argument("--folder", type=Path, help="where to make it; else a temporary one")
    chosen = parser.parse_args()
    result: dict[str, Any] = conditions()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        result["restart"] = restart(Path(folder) / "small", 10_000)
        result["large"] = large(Path(folder) / "large", chosen.passages, chosen.questions)
    for part in ("restart", "large"):
        for name, value in result[part].items():
            print(f"{part:8} {name:36} {value}")
    print(f"kept as {save('index', result).name}")


if __name__ == "__main__":
    main()
