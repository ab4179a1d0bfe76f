"""Trains and judges the router's guess at a prompt's difficulty.

    python benchmarks/router.py train --data FOLDER [--cache FOLDER]
    python benchmarks/router.py evaluate --data FOLDER [--cache FOLDER]

`--data` has `responses/*.csv`, one file per subject, with the columns prompt, weak model right
(True or False), strong model right; and, optionally, `contaminated_prompts.jsonl` (left out).
`--cache` keeps the embeddings, which take minutes. Evaluation is by cross-validation, once over
questions and once over subjects that were not trained on.
"""

import argparse
import asyncio
import csv
import json
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.report import conditions, save
from models.embedder import SentenceEmbedder
from serve.policy.difficulty import WEIGHTS, Difficulty, surface, trained

COMPONENTS = 48
SCALE = 3.0  # of the embedding's components against the surface features
STRENGTH = 0.1  # inverse of the regularisation
CENTRES = 24
FAMILIAR = 0.01  # share of what was trained on that may count as unfamiliar
FOLDS = 4
DIALS = 21
NEIGHBOURS = 40

Floats = NDArray[np.float64]


class Data:
    """Questions with and without their options; `hard` where only the strong model was right."""

    def __init__(self, folder: Path, cache: Path | None) -> None:
        rows = list(_rows(folder))
        self.subject = np.array([row[0] for row in rows])
        self.full = [row[1] for row in rows]
        self.stem = [_stem(text) for text in self.full]
        self.weak = np.array([row[2] for row in rows])
        self.strong = np.array([row[3] for row in rows])
        self.hard = ~self.weak & self.strong
        self.question = np.unique(self.full, return_inverse=True)[1]
        self.vectors = _embedded(self.full, cache and cache / "full.npy")
        self.stem_vectors = _embedded(self.stem, cache and cache / "stem.npy")
        self.surface = np.array([surface(text) for text in self.full])
        self.stem_surface = np.array([surface(text) for text in self.stem])

    def length(self) -> Floats:
        return np.array([float(len(text)) for text in self.full])


def _rows(folder: Path) -> Any:
    bad = folder / "contaminated_prompts.jsonl"
    lines = bad.read_text().splitlines() if bad.exists() else []
    left_out = {json.loads(line)["eval_prompt"] for line in lines}
    for file in sorted((folder / "responses").glob("*.csv")):
        with file.open(newline="") as source:
            for row in csv.reader(source):
                if row[0] != "prompt" and row[0] not in left_out:
                    yield file.stem, row[0], row[1] == "True", row[2] == "True"


def _stem(text: str) -> str:
    found = re.search(r"\nA\. ", text)
    return text[: found.start()] if found else text


def _embedded(texts: list[str], file: Path | None) -> Floats:
    if file and file.exists():
        return np.load(file, allow_pickle=False).astype(np.float64)
    embedder = SentenceEmbedder("all-minilm-l6-v2", 2)
    parts = []
    for at in range(0, len(texts), 256):
        vectors = asyncio.run(embedder.embed(texts[at : at + 256])).vectors
        parts.append(vectors)
        print(f"\rembedded {at + len(vectors)} of {len(texts)}", end="", flush=True)
    print()
    found = np.concatenate(parts)
    if file:
        file.parent.mkdir(parents=True, exist_ok=True)
        np.save(file, found)
    return found.astype(np.float64)


def fit(data: Data, rows: NDArray[np.int64]) -> Difficulty:
    """Without thresholds: they need predictions that were not trained on."""
    vectors = np.concatenate((data.vectors[rows], data.stem_vectors[rows]))
    features = np.concatenate((data.surface[rows], data.stem_surface[rows]))
    hard = np.concatenate((data.hard[rows], data.hard[rows]))
    mean, scale = features.mean(0), features.std(0) + 1e-6
    scaled = (features - mean) / scale
    axes = PCA(COMPONENTS, random_state=0).fit(vectors)
    middle, axes = axes.mean_, axes.components_
    both = np.hstack((scaled, SCALE * (vectors - middle) @ axes.T))
    known, plain = _weights(both, hard), _weights(scaled, hard)
    known[1 + features.shape[1] :] *= SCALE
    inner = known[1 + features.shape[1] :] @ axes
    full = np.concatenate((_unscaled(known[: 1 + features.shape[1]], mean, scale), inner))
    full[0] -= inner @ middle
    centres = KMeans(CENTRES, n_init=2, random_state=0).fit(vectors).cluster_centers_
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    nearest = float(np.quantile((vectors @ centres.T).max(1), FAMILIAR))
    return Difficulty(full, _unscaled(plain, mean, scale), centres, nearest, np.zeros(DIALS))


def _weights(features: Floats, hard: NDArray[np.bool_]) -> Floats:
    model = LogisticRegression(C=STRENGTH, max_iter=500).fit(features, hard)
    return np.concatenate((model.intercept_, model.coef_[0]))


def _unscaled(weights: Floats, mean: Floats, scale: Floats) -> Floats:
    inner = weights[1:] / scale
    return np.concatenate(([weights[0] - inner @ mean], inner))


def predict(model: Difficulty, data: Data, rows: NDArray[np.int64]) -> Floats:
    pairs = zip(rows, data.vectors[rows].astype(np.float32), strict=True)
    return np.array([model.guess(data.full[i], vector, 0.5).probability for i, vector in pairs])


def held_out(data: Data, groups: NDArray[Any], guess: Callable[..., Floats]) -> Floats:
    """Predictions for every row by a model that has not seen its group."""
    found = np.zeros(len(data.hard))
    for seen, unseen in GroupKFold(FOLDS, shuffle=True, random_state=0).split(found, None, groups):
        found[unseen] = guess(seen, unseen)
    return found


def recovered(data: Data, scores: Floats) -> tuple[Floats, Floats]:
    """Share of strong calls, and of the quality gap that they recover, strongest score first."""
    order = np.argsort(-scores, kind="stable")
    gain = (data.strong[order].astype(float) - data.weak[order]).cumsum()
    calls = np.arange(1, len(order) + 1) / len(order)
    return calls, gain / gain[-1]


def judge(data: Data, scores: Floats) -> dict[str, float]:
    calls, share = recovered(data, scores)
    needed = {f"calls_for_{q}": float(calls[np.argmax(share >= q / 100)]) for q in (50, 80, 95)}
    low, high = _interval(data, scores)
    auc = float(roc_auc_score(data.hard, scores))
    return {"auc": auc, "auc_low": low, "auc_high": high, **needed, "area": float(share.mean())}


def _interval(data: Data, scores: Floats) -> tuple[float, float]:
    """Bootstrap, 95 %."""
    rng, n = np.random.default_rng(0), len(scores)
    draws = (rng.integers(0, n, n) for _ in range(200))
    found = [roc_auc_score(data.hard[rows], scores[rows]) for rows in draws]
    return float(np.quantile(found, 0.025)), float(np.quantile(found, 0.975))


def _neighbours(data: Data) -> Callable[..., Floats]:
    def guess(seen: NDArray[np.int64], unseen: NDArray[np.int64]) -> Floats:
        near = data.vectors[unseen] @ data.vectors[seen].T
        rows = np.argpartition(-near, NEIGHBOURS, 1)[:, :NEIGHBOURS]
        return np.asarray(data.hard[seen][rows].mean(1), np.float64)

    return guess


def evaluate(data: Data) -> dict[str, Any]:
    ours: Callable[..., Floats] = lambda seen, unseen: predict(fit(data, seen), data, unseen)  # noqa: E731
    rng = np.random.default_rng(0)
    scores = {
        "router": held_out(data, data.question, ours),
        "router, new subjects": held_out(data, data.subject, ours),
        "40 neighbours": held_out(data, data.question, _neighbours(data)),
        "40 neighbours, new subjects": held_out(data, data.subject, _neighbours(data)),
        "prompt length": data.length(),
        "random": rng.random(len(data.hard)),
        "oracle": data.strong.astype(float) - data.weak,
    }
    return {name: judge(data, found) for name, found in scores.items()}


def calibrated(data: Data, model: Difficulty) -> Difficulty:
    """Thresholds such that dial q recovers the share q of the gap, on held-out predictions."""
    scores = held_out(data, data.question, lambda s, u: predict(fit(data, s), data, u))
    _, share = recovered(data, scores)
    ranked = np.sort(scores)[::-1]
    found = np.array([ranked[np.argmax(share >= dial)] for dial in np.linspace(0, 1, DIALS)])
    found[0], found[-1] = 1.0, 0.0
    return Difficulty(model.full, model.plain, model.centres, model.nearest, found)


def speed() -> float:
    """Milliseconds of one guess, with its vector at hand."""
    model, vector = trained(), np.full(384, 384**-0.5, np.float32)
    text = "Which of the following best explains why the sky is blue? " * 4
    began = time.perf_counter()
    for _ in range(2000):
        model.guess(text, vector, 0.5)
    return (time.perf_counter() - began) / 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("train", "evaluate"))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path)
    chosen = parser.parse_args()
    data = Data(chosen.data, chosen.cache)
    if chosen.what == "train":
        model = fit(data, np.arange(len(data.hard)))
        calibrated(data, model).save(WEIGHTS)
        print(f"{WEIGHTS.name}: {WEIGHTS.stat().st_size} bytes")
        return
    result: dict[str, Any] = conditions() | {"questions": len(data.hard), "ms": speed()}
    result["results"] = evaluate(data)
    for name, found in result["results"].items():
        print(f"{name:28}", {key: round(value, 3) for key, value in found.items()})
    print(f"one guess: {result['ms']:.3f} ms; kept as {save('router', result).name}")


if __name__ == "__main__":
    main()
