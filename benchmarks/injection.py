"""Trains and judges the screening of requests for attacks on their instructions.

    python benchmarks/injection.py train --harmless FOLDER
    python benchmarks/injection.py evaluate --data FOLDER

Training uses the phrases of `injection_phrases.py`, the everyday prompts, and what `--harmless` has
of text and Markdown files, so that words of the trade are known in ordinary prose. `--data` is a
folder of JSON lists of objects with `prompt` and, if they are not all harmless, `label` (1: an
attack) and `source`; or of objects of lists of attacks. All of it is held out. The table says for
several bars what share of each source is called an attack.
"""

import argparse
import json
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.injection_phrases import Phrases
from benchmarks.report import conditions, save
from serve.policy.filters.injection import BUCKETS, WEIGHTS, Injection, buckets, places, trained
from serve.policy.filters.injection import words_of as words

EVERYDAY = Path(__file__).with_name("everyday_prompts.jsonl")
COUNT = 12_000  # phrases of each kind
STRENGTH = 3.0  # inverse of the regularisation
BARS = (0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99)


def row(around: list[str]) -> np.ndarray:
    found = buckets(around)
    features = np.zeros(BUCKETS)
    features[found] = 1 / np.sqrt(len(found))
    return features


def prose(folder: Path) -> list[str]:
    """Paragraphs."""
    files = [file for kind in ("*.txt", "*.md") for file in sorted(folder.rglob(kind))]
    return [part for file in files for part in file.read_text(errors="replace").split("\n\n")]


def train(folder: Path) -> Injection:
    phrases = Phrases(1)
    everyday = [json.loads(line)["text"] for line in EVERYDAY.read_text().splitlines()]
    attacks = phrases.attacks(COUNT)
    harmless = phrases.harmless(COUNT) + everyday
    rows, labels = [], []
    for text in attacks:
        rows += (found := [row(around) for around in places(words(text))[:1]])
        labels += [1] * len(found)
    for text in harmless + prose(folder):
        rows += (found := [row(around) for around in places(words(text))])
        labels += [0] * len(found)
    model = LogisticRegression(C=STRENGTH, max_iter=500).fit(np.array(rows, np.float32), labels)
    return Injection(model.coef_[0].astype(np.float64), float(model.intercept_[0]))


def read(folder: Path) -> dict[str, list[tuple[str, bool]]]:
    """Texts by source, and whether each is an attack."""
    found = defaultdict(list)
    for file in sorted(folder.rglob("*.json")):
        data = json.loads(file.read_text())
        if isinstance(data, dict):
            found[file.stem] += [(text, True) for texts in data.values() for text in texts]
            continue
        for each in data:
            source = f"{file.stem}: {each['source']}" if "source" in each else file.stem
            found[source].append((each["prompt"], bool(each.get("label", 0))))
    return found


def evaluate(folder: Path) -> None:
    model, table = trained(), {}
    for source, texts in read(folder).items():
        scores = np.array([model.likely(text) for text, _ in texts])
        for attack in (True, False):
            chosen = scores[[is_attack == attack for _, is_attack in texts]]
            if len(chosen):
                name = f"{source} ({'attacks' if attack else 'harmless'})"
                called = [round(float((chosen >= bar).mean()), 3) for bar in BARS]
                table[name] = {"texts": len(chosen), "called": called}
    print("| source | texts |", " | ".join(f"{bar:g}" for bar in BARS), "|")
    print("|---" * (len(BARS) + 2) + "|")
    for name, line in table.items():
        shares = " | ".join(f"{share:.0%}" for share in line["called"])
        print(f"| {name} | {line['texts']} | {shares} |")
    print(save("injection", {**conditions(), "bars": BARS, "called": table}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("train", "evaluate"))
    parser.add_argument("--data", type=Path)
    parser.add_argument("--harmless", type=Path)
    options = parser.parse_args()
    if options.what == "train":
        train(options.harmless).save(WEIGHTS)
    else:
        evaluate(options.data)


if __name__ == "__main__":
    main()
