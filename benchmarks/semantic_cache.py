"""Trains and judges the verdict on kept answers for questions in other words.

    python benchmarks/semantic_cache.py train PATH [--pairs N] [--cache FILE]
    python benchmarks/semantic_cache.py evaluate PATH [--pairs N] [--cache FILE]
    python benchmarks/semantic_cache.py speed PATH [--pairs N] [--cache FILE]

`PATH` is described in `question_pairs.read`; `--pairs` draws so many, `--cache` keeps the
embeddings. Two fifths of the pairs are trained on, a third sets the thresholds, a quarter is
judged. The near-misses and paraphrases of `near_misses` are never trained on.
"""

import argparse
import sys
from collections import Counter
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.neural_network import MLPClassifier

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.curves import drawn
from benchmarks.kept_many import speed
from benchmarks.near_misses import THEMES, near_misses, paraphrases
from benchmarks.question_pairs import (
    CALIBRATE,
    TEST,
    TRAIN,
    Embedded,
    Parts,
    Sets,
    parted,
    read,
    some,
    texts_of,
)
from benchmarks.report import conditions, save
from index.caches.said import Said
from index.caches.verdict import (
    WEIGHTS,
    Floats,
    Parsed,
    Rarity,
    Verdict,
    features,
    highest_share,
    lowest_threshold,
    trained,
)
from index.caches.vetoes import veto

HIDDEN: Final = 16
STRENGTH: Final = 0.03  # of the regularisation
BUDGETS: Final = (0.005, 0.01, 0.02, 0.05, 0.1)
STATIC: Final = 0.9  # the cosine that caches commonly ask for
QUESTIONS: Final = 500  # whose time is taken
PICTURE: Final = Path(__file__).with_name("results") / "semantic_cache.svg"
CURVE: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2)

Mask = NDArray[np.bool_]


class Scored:
    """What is known of n pairs: `cosine`, `vetoed` and `probability`, each (n,)."""

    def __init__(self, pairs: list[Any], embedded: Embedded, verdict: Verdict) -> None:
        rows = table(pairs, embedded, verdict.rarity)
        self.cosine = rows[:, 0]
        self.vetoes = [veto(pair.asked, pair.kept) for pair in pairs]
        self.vetoed = np.array([word is not None for word in self.vetoes])
        self.probability = verdict.probabilities(rows)

    @property
    def score(self) -> Floats:
        """What a threshold is laid on: vetoed pairs are below any."""
        return np.where(self.vetoed, -1.0, self.probability)


def table(pairs: list[Any], embedded: Embedded, rarity: Rarity) -> Floats:
    def parsed(text: str) -> Parsed:
        return Parsed(embedded[text], rarity.weights(text), Said(text))

    return np.array([features(parsed(one.asked), parsed(one.kept)) for one in pairs])


def train(sets: Sets, embedded: Embedded) -> Verdict:
    pairs = [sets.pairs[row] for row in sets.rows(TRAIN)]
    rarity = Rarity.of(sorted(texts_of(pairs)))
    pairs += [pair._replace(asked=pair.kept, kept=pair.asked) for pair in pairs]
    rows, same = table(pairs, embedded, rarity), np.array([pair.same for pair in pairs])
    mean, scale = rows.mean(0), rows.std(0) + 1e-6
    net = MLPClassifier(
        (HIDDEN,), activation="tanh", alpha=STRENGTH, early_stopping=True, random_state=0
    ).fit((rows - mean) / scale, same)
    inner = np.vstack((net.coefs_[0], net.intercepts_[0]))
    outer = np.append(net.coefs_[1][:, 0], net.intercepts_[1])
    return with_thresholds(Verdict(rarity, mean, scale, inner, outer, {}), sets, embedded)


def with_thresholds(verdict: Verdict, sets: Sets, embedded: Embedded) -> Verdict:
    """From pairs that were not trained on, of which none that should not hit may be left out."""
    others = [sets.pairs[row] for row in sets.rows(CALIBRATE) if not sets.pairs[row].same]
    scores = Scored(others, embedded, verdict).score
    found = {budget: lowest_threshold(scores, budget) for budget in BUDGETS}
    weights = (verdict.mean, verdict.scale, verdict.inner, verdict.outer)
    return Verdict(verdict.rarity, *weights, found)


def natural(sets: Sets, embedded: Embedded) -> dict[str, Any]:
    """Hits of pairs that nothing was taken from, where as many false hits are allowed."""
    rows = sets.rows(TEST)
    pairs = [sets.pairs[row] for row in rows]
    scored = Scored(pairs, embedded, trained())
    same = np.array([pair.same for pair in pairs])
    source = np.array([pair.source for pair in pairs])
    groups = {"all": same | ~same} | {name: source == name for name in np.unique(source)}
    return {name: _compared(scored, same & at, ~same & at) for name, at in groups.items()}


def _compared(scored: Scored, same: Mask, others: Mask) -> dict[str, Any]:
    ways = {
        "cosine": scored.cosine,
        "cosine and vetoes": np.where(scored.vetoed, -1.0, scored.cosine),
        "verdict": scored.probability,
        "verdict and vetoes": scored.score,
    }
    curves = {name: _curve(score, same, others) for name, score in ways.items()}
    shipped = {
        str(b): _shipped(scored.score, trained().threshold(b), same, others) for b in BUDGETS
    }
    static = _shipped(scored.cosine, STATIC, same, others)
    counts = {"same": int(same.sum()), "others": int(others.sum())}
    return counts | {"hits": curves, "at_our_thresholds": shipped, "cosine_0.9": static}


def _curve(score: Floats, same: Mask, others: Mask) -> dict[str, float]:
    """The share of hits for each share of false hits."""
    ranked = np.sort(score[others])[::-1]
    return {str(e): float((score[same] > ranked[int(e * len(ranked))]).mean()) for e in CURVE}


def _shipped(score: Floats, threshold: float, same: Mask, others: Mask) -> dict[str, float]:
    wrong = int((score[others] >= threshold).sum())
    among = int(others.sum())
    return {
        "threshold": threshold,
        "hits": float((score[same] >= threshold).mean()),
        "false_hits": wrong / among,
        "false_hits_at_most": highest_share(wrong, among),
    }


def hard(embedded: Embedded) -> dict[str, Any]:
    """Near-misses and paraphrases, with the thresholds that other pairs have set."""
    others, same = near_misses(), paraphrases()
    scored = Scored([*others, *same], embedded, trained())
    is_same = np.array([False] * len(others) + [True] * len(same))
    result: dict[str, Any] = {"near_misses": len(others), "paraphrases": len(same)}
    result["themes"] = len(THEMES)
    for budget in BUDGETS:
        threshold = trained().threshold(budget)
        result[str(budget)] = _shipped(scored.score, threshold, is_same, ~is_same)
    result["vetoes alone"] = _shipped(np.where(scored.vetoed, -1.0, 1.0), 0.5, is_same, ~is_same)
    result["cosine_0.9"] = _shipped(scored.cosine, STATIC, is_same, ~is_same)
    result["kinds"] = _kinds(scored, [pair.kind for pair in others])
    return result


def _kinds(scored: Scored, kinds: list[str]) -> dict[str, dict[str, float]]:
    """For each kind of near-miss, the false hits of a static cosine, of vetoes and of us."""
    threshold, count = trained().threshold(0.01), len(kinds)
    wrong = {
        "cosine_0.9": scored.cosine[:count] >= STATIC,
        "vetoes": ~scored.vetoed[:count],
        "ours": scored.score[:count] >= threshold,
    }
    return {
        kind: {"pairs": among}
        | {name: float(at[np.array(kinds) == kind].mean()) for name, at in wrong.items()}
        for kind, among in Counter(kinds).most_common()
    }


def show(result: dict[str, Any]) -> None:
    for name, found in result["natural"].items():
        print(f"{name} non-duplicates: {found['others']}, duplicates: {found['same']}")
        for way, curve in found["hits"].items():
            print(f"  hits, {way:20}", {e: f"{share:.1%}" for e, share in curve.items()})
        for budget, told in found["at_our_thresholds"].items():
            print(f"  budget {budget:6}", {key: round(value, 4) for key, value in told.items()})
        print("  cosine 0.9   ", {k: round(v, 4) for k, v in found["cosine_0.9"].items()})
    print("near-misses and paraphrases:")
    for name, told in result["hard"].items():
        print(f"  {name:14}", told)


def rows_of(chosen: argparse.Namespace, embedded: Embedded) -> Sets:
    pairs = some(read(chosen.path), chosen.pairs)
    embedded.add(texts_of(pairs) | texts_of(near_misses()) | texts_of(paraphrases()))
    return parted(pairs, embedded)


def sizes(sets: Sets) -> dict[str, int]:
    parts: dict[str, Parts] = {
        "train": sets.rows(TRAIN), "calibrate": sets.rows(CALIBRATE), "test": sets.rows(TEST)
    }  # fmt: skip
    return {name: len(rows) for name, rows in parts.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("train", "evaluate", "speed"))
    parser.add_argument("path", type=Path)
    parser.add_argument("--pairs", type=int, default=12_000)
    parser.add_argument("--cache", type=Path)
    chosen = parser.parse_args()
    embedded = Embedded(chosen.cache)
    sets = rows_of(chosen, embedded)
    if chosen.what == "train":
        train(sets, embedded).save(WEIGHTS)
        print(f"{WEIGHTS.name}: {WEIGHTS.stat().st_size} bytes")
        return
    result: dict[str, Any] = conditions() | {"pairs": sizes(sets)}
    if chosen.what == "speed":
        judged = [sets.pairs[row] for row in sets.rows(TEST)[:QUESTIONS]]
        asked = [embedded[pair.asked] for pair in judged]
        result |= speed(asked, [embedded[pair.kept] for pair in judged])
        print(result, f"kept as {save('semantic_cache_speed', result).name}")
        return
    result["natural"] = natural(sets, embedded)
    result["hard"] = hard(embedded)
    show(result)
    kept = save("semantic_cache", result)
    PICTURE.write_text(drawn(result["natural"]["all"]["hits"], "Natural pairs"))
    print(f"kept as {kept.name}, {PICTURE.name}")


if __name__ == "__main__":
    main()
