"""What retrieval takes in a large collection, everything but the embedding of the question.

    python benchmarks/retrieval_latency.py [--passages N] [--questions N] [--folder FOLDER]

The synthetic collection of benchmarks/index.py, and for each passage 40 token vectors near its own.
Words that were never asked for are read from the disk, others are remembered: both are measured.
A question has 10 words of a passage, but for the most frequent ones, a vector near it, and 12 token
vectors.
"""

import argparse
import asyncio
import hashlib
import io
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.index import DIMENSION, IN_DOCUMENT, ME, WORDS, Synthetic, meaningful
from benchmarks.report import conditions, save
from index.documents import Passage, Question, TokenVectors
from index.retriever import RetrievalPlan, retrieve
from index.store.collections import Embedding, NewCollection
from index.store.records import Content, NewDocument, PageQuery
from index.store.source import CollectionSource
from index.store.store import Store
from models.late import quantised

KEPT = 40  # token vectors of a passage
ASKED = 12  # token vectors of a question


def around(made: Synthetic, vector: np.ndarray, count: int) -> TokenVectors:
    noise = made.rng.standard_normal((count, DIMENSION)).astype(np.float32)
    return quantised(vector + 0.05 * noise)


def fill(store: Store, made: Synthetic, count: int) -> tuple[str, list[Question]]:
    """The id of a collection of `count` passages, and a question for every document."""
    known = store.collections.page(ME, PageQuery()).items
    new = NewCollection("bench")
    collection = (
        known[0] if known else store.collections.create(ME, new, Embedding("none", DIMENSION))
    )
    file = store.files.add(ME, "bench.txt", io.BytesIO(b"bench"))
    questions = []
    for at in range(0, count, IN_DOCUMENT):
        vectors, texts = made.vectors(IN_DOCUMENT), made.texts(IN_DOCUMENT)
        passages = [Passage(n, text, 0, len(text), WORDS) for n, text in enumerate(texts)]
        tokens = [around(made, vector, KEPT) for vector in vectors]
        digest = hashlib.sha256(str(at).encode()).hexdigest()
        begun = store.jobs.begin(ME, collection.id, NewDocument(file.id, f"document {at}", digest))
        if begun.work:
            content = Content(passages, list(vectors), "none", tokens)
            store.jobs.finish(begun.document.id, content)
        near = vectors[0] + 0.02 * made.rng.standard_normal(DIMENSION).astype(np.float32)
        near /= np.linalg.norm(near)
        words = " ".join(meaningful(made.question(texts[0])))
        questions.append(Question(words, near, around(made, near, ASKED)))
    return collection.id, questions


async def asked(source: CollectionSource, questions: list[Question]) -> dict[str, Any]:
    taken: dict[str, list[float]] = {}
    for question in questions:
        found = await retrieve(question, [source], RetrievalPlan())
        for stage, each in {**found.timings, "all": sum(found.timings.values())}.items():
            taken.setdefault(stage, []).append(each)
    return {
        stage: {"p50": statistics.median(each), "p99": float(np.quantile(each, 0.99))}
        for stage, each in taken.items()
    }


def measure(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    store, made = Store(folder), Synthetic()
    try:
        collection, questions = fill(store, made, options.passages)
        store.source(ME, collection)
        store.settle()
        source = store.source(ME, collection)
        chosen = [questions[n % len(questions)] for n in range(options.questions)]
        first = asyncio.run(asked(source, chosen))
        return {"new words": first, "words asked before": asyncio.run(asked(source, chosen))}
    finally:
        store.close()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--questions", type=int, default=300)
    parser.add_argument("--folder", type=Path, help="kept, and used again as it is")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="latency") as folder:
        result = measure(options, options.folder or Path(folder))
    for words, stages in result.items():
        print(f"\n{options.passages:,} passages, {words}: milliseconds, p50, p99")
        for stage, each in stages.items():
            print(f"{stage:30}{each['p50']:10.2f}{each['p99']:8.2f}")
    print(save("retrieval_latency", conditions() | {"passages": options.passages} | result))


if __name__ == "__main__":
    main()
