"""Trains and judges the router's guess at a prompt's difficulty.

    python benchmarks/router.py train --data FOLDER [--cache FOLDER]
    python benchmarks/router.py evaluate --data FOLDER [--cache FOLDER]

`--data` is described in `graded_questions.py`; `--cache` keeps the embeddings, which take minutes.
Evaluation is by cross-validation: over questions, over subjects and over fields of subjects that
were not trained on. Beside it, everyday prompts of two lists: how often an easy one is below a
demanding one, and how many of each the default dial sends to the strong tier.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, KFold, LeaveOneGroupOut

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.graded_questions import Floats, Graded, embedded
from benchmarks.report import conditions, save
from serve.policy.difficulty import WEIGHTS, Difficulty, Kinds, trained
from serve.sections.routing import RoutingSettings

OURS = Path(__file__).with_name("everyday_prompts.jsonl")
OTHERS = OURS.parent.parent / "tests" / "serve" / "policy" / "everyday.jsonl"
COMPONENTS = 32
CENTRES = 128
WIDTH = 0.5  # of a kind, where the embedding's vectors have length 1
WEIGHT = 3.0  # of nearness against the surface features: the larger, the less regularised
STRENGTH = 0.1  # inverse of the regularisation
TONE = 1.0  # the same for the tone
FOLDS = 4
FIFTHS = 5
DIALS = 21
NEIGHBOURS = 40

Rows = NDArray[np.int64]
Guesser = Callable[[Rows, Rows], Floats]


def fit(data: Graded, rows: Rows) -> Difficulty:
    """Without a tone, and without thresholds: they need predictions that were not trained on."""
    features, hard, vectors = data.surface[rows], data.hard[rows], data.vectors[rows]
    mean, scale = features.mean(0), features.std(0) + 1e-6
    scaled, read = (features - mean) / scale, vectors.any(1)
    kinds = _kinds(vectors[read])
    near = WEIGHT * kinds.near(vectors[read])
    full, plain = _weights(np.hstack((scaled[read], near)), hard[read]), _weights(scaled, hard)
    shown = 1 + features.shape[1]
    full = np.concatenate((_unscaled(full[:shown], mean, scale), WEIGHT * full[shown:]))
    plain, tone = _unscaled(plain, mean, scale), np.zeros(1 + vectors.shape[1])
    return Difficulty(full, plain, tone, kinds, np.zeros(DIALS))


def _kinds(vectors: Floats) -> Kinds:
    found = PCA(COMPONENTS, random_state=0).fit(vectors)
    axes, middle = found.components_, found.components_ @ found.mean_
    centres = KMeans(CENTRES, n_init=1, random_state=0).fit(vectors @ axes.T - middle)
    return Kinds(axes, middle, centres.cluster_centers_, WIDTH)


def _weights(features: Floats, hard: NDArray[np.bool_], strength: float = STRENGTH) -> Floats:
    model = LogisticRegression(C=strength, max_iter=500).fit(features, hard)
    return np.concatenate((model.intercept_, model.coef_[0]))


def _unscaled(weights: Floats, mean: Floats, scale: Floats) -> Floats:
    inner = weights[1:] / scale
    return np.concatenate(([weights[0] - inner @ mean], inner))


def guesses(model: Difficulty, texts: list[str], vectors: Floats) -> Floats:
    """As a request would get them; without a vector where it is all zeros."""
    pairs = zip(texts, vectors.astype(np.float32), strict=True)
    found = [model.guess(text, v if v.any() else None, 0.5) for text, v in pairs]
    return np.array([guess.probability for guess in found])


def ours(data: Graded) -> Guesser:
    def guess(seen: Rows, unseen: Rows) -> Floats:
        texts = [data.texts[i] for i in unseen]
        return guesses(fit(data, seen), texts, data.vectors[unseen])

    return guess


def neighbours(data: Graded) -> Guesser:
    def guess(seen: Rows, unseen: Rows) -> Floats:
        near = data.vectors[unseen] @ data.vectors[seen].T
        rows = np.argpartition(-near, NEIGHBOURS, 1)[:, :NEIGHBOURS]
        return np.asarray(data.hard[seen][rows].mean(1), np.float64)

    return guess


def held_out(groups: NDArray[Any], guess: Guesser) -> Floats:
    """Predictions for every row by a model that has not seen its group."""
    found = np.zeros(len(groups))
    few = len(np.unique(groups)) < 20
    folds = LeaveOneGroupOut() if few else GroupKFold(FOLDS, shuffle=True, random_state=0)
    for seen, unseen in folds.split(found, None, groups):
        found[unseen] = guess(seen, unseen)
    return found


def recovered(data: Graded, scores: Floats) -> tuple[Floats, Floats]:
    """Share of strong calls, and of the quality gap that they recover, strongest score first."""
    order = np.argsort(-scores, kind="stable")
    gain = (data.strong[order].astype(float) - data.weak[order]).cumsum()
    calls = np.arange(1, len(order) + 1) / len(order)
    return calls, gain / gain[-1]


def judge(data: Graded, scores: Floats) -> dict[str, float]:
    calls, share = recovered(data, scores)
    needed = {f"calls_for_{q}": float(calls[np.argmax(share >= q / 100)]) for q in (50, 80, 95)}
    low, high = _interval(data, scores)
    auc = float(roc_auc_score(data.hard, scores))
    inside = {f"auc_within_{name}": _within(data, scores, name) for name in ("subject", "field")}
    ends = {"auc_low": low, "auc_high": high}
    return {"auc": auc, **ends, **needed, "area": float(share.mean()), **inside}


def _within(data: Graded, scores: Floats, name: str) -> float:
    """The mean over subjects or fields: what a domain alone would show."""
    groups = getattr(data, name)
    rows = [groups == one for one in np.unique(groups)]
    return float(np.mean([roc_auc_score(data.hard[at], scores[at]) for at in rows]))


def _interval(data: Graded, scores: Floats) -> tuple[float, float]:
    """Bootstrap, 95 %."""
    rng, n = np.random.default_rng(0), len(scores)
    draws = (rng.integers(0, n, n) for _ in range(200))
    found = [roc_auc_score(data.hard[rows], scores[rows]) for rows in draws]
    return float(np.quantile(found, 0.025)), float(np.quantile(found, 0.975))


def evaluate(data: Graded) -> dict[str, Any]:
    scores = {
        "router": held_out(data.question, ours(data)),
        "router, new subjects": held_out(data.subject, ours(data)),
        "router, new fields": held_out(data.field, ours(data)),
        "40 neighbours": held_out(data.question, neighbours(data)),
        "40 neighbours, new subjects": held_out(data.subject, neighbours(data)),
        "40 neighbours, new fields": held_out(data.field, neighbours(data)),
        "prompt length": data.length(),
        "random": np.random.default_rng(0).random(len(data.hard)),
        "oracle": data.strong.astype(float) - data.weak,
    }
    return {name: judge(data, found) for name, found in scores.items()}


class Prompts:
    """A list of open requests, each with its author's opinion: `hard` or not."""

    def __init__(self, file: Path) -> None:
        rows = [json.loads(line) for line in file.read_text().splitlines()]
        self.texts = [row["text"] for row in rows]
        self.hard = np.array([row["hard"] for row in rows])
        self.vectors = embedded(self.texts)

    def tone(self, rows: Rows) -> Floats:
        return _weights(self.vectors[rows], self.hard[rows], TONE)


def everyday() -> dict[str, Any]:
    """The order of two lists, and what the default dial sends to the strong tier.

    The tone was trained on the first, so there each fifth is judged by the tone of the others.
    """
    ours, others = Prompts(OURS), Prompts(OTHERS)
    folds = KFold(FIFTHS, shuffle=True, random_state=0).split(ours.texts)
    held = np.zeros(len(ours.texts))
    for seen, unseen in folds:
        model = replace(trained(), tone=ours.tone(seen))
        held[unseen] = guesses(model, [ours.texts[i] for i in unseen], ours.vectors[unseen])
    none = np.zeros_like(others.vectors)
    return {
        "everyday, in turn": _order(ours, held),
        "everyday, others": _order(others, guesses(trained(), others.texts, others.vectors)),
        "everyday, no vectors": _order(others, guesses(trained(), others.texts, none)),
    }


def _order(prompts: Prompts, found: Floats) -> dict[str, float]:
    strong = found >= trained().threshold(RoutingSettings().quality)
    return {
        "right_order": float(roc_auc_score(prompts.hard, found)),
        "easy_to_strong": float(strong[~prompts.hard].mean()),
        "hard_to_strong": float(strong[prompts.hard].mean()),
    }


def train(data: Graded) -> Difficulty:
    """With thresholds such that dial q recovers the share q of the gap, held out."""
    _, share = recovered(data, scores := held_out(data.question, ours(data)))
    ranked = np.sort(scores)[::-1]
    found = np.array([ranked[np.argmax(share >= dial)] for dial in np.linspace(0, 1, DIALS)])
    found[0], found[-1] = 1.0, 0.0
    prompts = Prompts(OURS)
    tone = prompts.tone(np.arange(len(prompts.texts)))
    return replace(fit(data, np.arange(len(data.hard))), tone=tone, thresholds=found)


def speed(text: str) -> float:
    """Milliseconds of one guess, with its vector at hand."""
    model, vector = trained(), np.full(384, 384**-0.5, np.float32)
    began = time.perf_counter()
    for _ in range(1000):
        model.guess(text, vector, 0.5)
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("train", "evaluate"))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path)
    chosen = parser.parse_args()
    data = Graded(chosen.data, chosen.cache)
    if chosen.what == "train":
        train(data).save(WEIGHTS)
        print(f"{WEIGHTS.name}: {WEIGHTS.stat().st_size} bytes")
        return
    result: dict[str, Any] = conditions() | {"questions": len(data.hard)}
    result["ms"] = {"question": speed(data.texts[0]), "request": speed("Prove it. " * 40)}
    result["results"] = evaluate(data)
    result["everyday"] = everyday()
    for name, found in (result["results"] | result["everyday"]).items():
        print(f"{name:28}", {key: round(value, 3) for key, value in found.items()})
    print(f"one guess: {result['ms']} ms; kept as {save('router', result).name}")


if __name__ == "__main__":
    main()
