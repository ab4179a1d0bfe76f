"""Fits the likelihoods of `index.ranking.confidence`, and says how far to trust them.

    python benchmarks/confidence.py PATH PATH... [--store FOLDER] [--threads N] [--questions N]

Each PATH is a judged collection (see benchmarks/retrieval.py). Its questions are asked in it, where
what was judged relevant is right, and in the next collection, where nothing is. Every collection
counts the same. Printed: the weights for each kind of knowledge, fitted on all; and what comes
out for each collection when it is held back: how well right and wrong are told apart (AUC), whether
a likelihood of p is right in a share of p, and what a threshold refuses.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.ingested import Ingested, opened, options_of
from benchmarks.judged_sets import JudgedSet, read
from benchmarks.report import conditions, save
from index.documents import Question
from index.retriever import RetrievalPlan, retrieve
from index.source import Source

KINDS = {
    "late": ("words", "dense", "late"),
    "dense": ("words", "dense"),
    "words": ("coverage", "words"),
}
THRESHOLDS = (0.05, 0.1, 0.15, 0.2, 0.3)
HITS = 5
RIDGE = 1e-5  # of the sum of all weights: keeps a Newton step finite

Floats = NDArray[np.float64]


@dataclass
class Table:
    """A row for each hit: features, whether it is right, and where it comes from."""

    features: Floats
    right: Floats
    collection: NDArray[np.int64]
    first: NDArray[np.bool_]  # the best hit of its question
    on_topic: NDArray[np.bool_]

    @property
    def weights(self) -> Floats:
        """Each collection has the same in all."""
        counts = np.bincount(self.collection)
        return np.asarray(1 / counts[self.collection], float)


def asked_of(kind: str, question: Question) -> tuple[Question, RetrievalPlan]:
    known = Question(question.text) if kind == "words" else question
    return known, RetrievalPlan(passages=HITS, rerank=kind == "late")


async def table(library: Ingested, sets: Sequence[JudgedSet], kind: str, most: int) -> Table:
    rows: list[tuple[Any, ...]] = []
    sources = [await library.source(one) for one in sets]
    for place, one in enumerate(sets):
        names = list(one.questions)[:most]
        questions = await library.questions([one.questions[name] for name in names])
        for name, question in zip(names, questions, strict=True):
            for where in (place, (place + 1) % len(sets)):
                gains = one.gains[name] if where == place else {}
                found = await _hits(sources[where], kind, question)
                rows += [
                    (values, gains.get(document, 0) > 0, place, n == 0, where == place)
                    for n, (document, values) in enumerate(found)
                ]
    features, right, collection, first, on_topic = map(np.array, zip(*rows, strict=True))
    return Table(features.astype(float), right.astype(float), collection, first, on_topic)


async def _hits(source: Source, kind: str, question: Question) -> list[tuple[str, list[float]]]:
    known, plan = asked_of(kind, question)
    found = await retrieve(known, [source], plan)
    return [
        (hit.found.document_name, [hit.stages[name] for name in KINDS[kind]]) for hit in found.hits
    ]


def fitted(features: Floats, right: Floats, weights: Floats) -> Floats:
    """Bias and weights of a logistic regression, by Newton's method."""
    known = np.c_[np.ones(len(features)), features]
    ridge = RIDGE * weights.sum() * np.diag([0.0, *np.ones(features.shape[1])])
    found = np.zeros(known.shape[1])
    for _ in range(50):
        likely = logistic(known @ found)
        slope = known.T @ (weights * (likely - right)) + ridge @ found
        curve = (known * (weights * likely * (1 - likely))[:, None]).T @ known + ridge
        step = np.linalg.solve(curve + 1e-9 * np.eye(len(curve)), slope)
        found -= step
        if np.abs(step).max() < 1e-8:
            break
    return found


def logistic(logits: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-logits)), float)


def held_back(rows: Table) -> Floats:
    """Likelihoods of each collection from the weights that the others give."""
    likely, weights = np.zeros(len(rows.right)), rows.weights
    for one in np.unique(rows.collection):
        out = rows.collection == one
        found = fitted(rows.features[~out], rows.right[~out], weights[~out])
        likely[out] = logistic(np.c_[np.ones(out.sum()), rows.features[out]] @ found)
    return likely


def auc(scores: Floats, right: NDArray[np.bool_]) -> float:
    """How often something right is above something wrong."""
    ranks = np.argsort(np.argsort(scores))
    good = int(right.sum())
    return float((ranks[right].sum() - good * (good - 1) / 2) / (good * (len(right) - good)))


def told(rows: Table) -> dict[str, Any]:
    likely = held_back(rows)
    right = rows.right > 0
    first, off = rows.first, ~rows.on_topic
    found = fitted(rows.features, rows.right, rows.weights)
    bins = np.minimum((likely * 10).astype(int), 9)
    return {
        "weights": [round(float(one), 2) for one in found],
        "auc": auc(likely, right),
        "auc of on and off topic": auc(likely[first], rows.on_topic[first]),
        "calibration": [
            (float(likely[bins == n].mean()), float(right[bins == n].mean()), int(sum(bins == n)))
            for n in np.unique(bins)
        ],
        "thresholds": {
            str(least): {
                "off topic refused": float((likely[first & off] < least).mean()),
                "right best hits refused": float((likely[first & right] < least).mean()),
            }
            for least in THRESHOLDS
        },
    }


def show(kind: str, result: dict[str, Any]) -> None:
    names = ("bias", *KINDS[kind])
    pairs = ", ".join(f'"{n}": {w}' for n, w in zip(names, result["weights"], strict=True))
    print(f"\n{kind}: {{{pairs}}}")
    print(f"AUC {result['auc']:.3f}, on or off topic {result['auc of on and off topic']:.3f}")
    print("likelihood, share right, hits: ", end="")
    print("; ".join(f"{p:.2f}, {share:.2f}, {n}" for p, share, n in result["calibration"]))
    for least, of in result["thresholds"].items():
        shares = ", ".join(f"{name} {share:.3f}" for name, share in of.items())
        print(f"below {least}: {shares}")


async def run(options: argparse.Namespace) -> dict[str, Any]:
    results = {}
    with opened(options) as library:
        sets = [read(path) for path in options.paths]
        for kind in KINDS:
            rows = await table(library, sets, kind, options.questions)
            results[kind] = told(rows)
            show(kind, results[kind])
    return results


def main() -> None:
    parser = options_of(__doc__)
    parser.add_argument("--questions", type=int, default=100, help="of each collection, at most")
    options = parser.parse_args()
    if len(options.paths) < 2:
        parser.error("two collections at least: each is off topic for another")
    print(save("confidence", conditions() | {"kinds": asyncio.run(run(options))}))


if __name__ == "__main__":
    main()
