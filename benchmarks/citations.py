"""How often a citation is believed that is right, and one that is wrong.

    python benchmarks/citations.py PATH [--passage 900]

PATH is a folder with `questions_df.csv` and `corpora/*.md`: questions with the exact spans that
answer them. The sentences of those spans are the answers. Each is checked against the passage that
it comes from, unchanged and with one thing changed, and against the most similar other passage.
A change is believed when the verdict is still `verified`. Words only, no embedder.
"""

import argparse
import csv
import json
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.report import conditions, save
from index.answers.citations import Checker
from index.answers.sentences import spans
from index.answers.sources import numbered
from index.answers.statements import meaning
from index.documents import Hit, Passage, StoredPassage

NEIGHBOURS = 4  # other passages beside the right one

_NUMBER = re.compile(r"(?<![\w.,-])\d+(?:[.,]\d+)*(?![\w-])")
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]{3,}\b")
_VERB = re.compile(r"\b(is|are|was|were|will|can|has|have|had|should|could|would|may|must)\b")
_NEGATED = re.compile(
    r"\b(is|are|was|were|will|can|has|have|had|should|could|would|may|must) not\b"
)

Change = Callable[["Case", random.Random], str | None]


@dataclass(frozen=True, slots=True)
class Case:
    """`hits`: the passage that has the sentence, then the most similar others of its text."""

    sentence: str
    hits: tuple[Hit, ...]
    corpus: str

    @property
    def passage(self) -> str:
        return self.hits[0].found.passage.text


def passages(name: str, text: str, size: int) -> list[Hit]:
    """Whole sentences, up to `size` characters together."""
    found, begin, end = [], 0, 0
    for a, b in spans(text):
        if b - begin > size and end > begin:
            found.append((begin, end))
            begin = a
        end = b
    found.append((begin, end))
    made = [Passage(i, text[a:b], a, b, 0) for i, (a, b) in enumerate(found)]
    return [Hit(StoredPassage(p.ordinal, "c", f"{name}-{p.ordinal}", name, p), 1.0) for p in made]


def cases(folder: Path, size: int) -> Iterator[Case]:
    texts = {file.stem: file.read_text() for file in sorted((folder / "corpora").glob("*.md"))}
    hits = {name: passages(name, text, size) for name, text in texts.items()}
    about = {name: [meaning(h.found.passage.text) for h in found] for name, found in hits.items()}
    seen = set()
    with (folder / "questions_df.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        name = row["corpus_id"]
        for reference in json.loads(row["references"]):
            begin = int(reference["start_index"])
            for a, b in spans(texts[name][begin : int(reference["end_index"])]):
                sentence = texts[name][begin + a : begin + b]
                place = _holding(hits[name], begin + a, begin + b)
                repeated = texts[name].count(sentence) > 1  # then another passage is right, too
                known = repeated or (name, begin + a) in seen
                if place is None or known or len(sentence.split()) < 5:
                    continue
                seen.add((name, begin + a))
                similar = _similar(about[name], place, meaning(sentence))
                chosen = (hits[name][place], *(hits[name][i] for i in similar))
                yield Case(sentence, chosen, texts[name])


def _holding(hits: Sequence[Hit], begin: int, end: int) -> int | None:
    for place, hit in enumerate(hits):
        if hit.found.passage.start <= begin and end <= hit.found.passage.end:
            return place
    return None


def _similar(about: Sequence[frozenset[str]], place: int, wanted: frozenset[str]) -> list[int]:
    others = [i for i in range(len(about)) if i != place]
    return sorted(others, key=lambda i: len(about[i] & wanted), reverse=True)[:NEIGHBOURS]


def _replaced(found: re.Match[str], new: str) -> str:
    return found.string[: found.start()] + new + found.string[found.end() :]


def another_number(case: Case, chance: random.Random) -> str | None:
    """One number is another one, which the passage does not have."""
    found = list(_NUMBER.finditer(case.sentence))
    if not found:
        return None
    chosen = chance.choice(found)
    value = int(re.sub(r"\D", "", chosen[0]))
    near = [v for v in range(value + 1, value + 400) if str(v) not in case.passage]
    return _replaced(chosen, str(chance.choice(near)))


def number_from_the_passage(case: Case, chance: random.Random) -> str | None:
    """One number is another one of the same passage."""
    found = list(_NUMBER.finditer(case.sentence))
    others = set(_NUMBER.findall(case.passage)) - set(_NUMBER.findall(case.sentence))
    if not found or not others:
        return None
    return _replaced(chance.choice(found), chance.choice(sorted(others)))


def another_name(case: Case, chance: random.Random) -> str | None:
    """One capitalised word is another one of the corpus, which the passage does not have."""
    found = list(_NAME.finditer(case.sentence))
    others = {n for n in _NAME.findall(case.corpus) if n.lower() not in case.passage.lower()}
    if not found or not others:
        return None
    return _replaced(chance.choice(found), chance.choice(sorted(others)))


def denied(case: Case, _: random.Random) -> str | None:
    """What is said is denied, or the other way round."""
    if found := _NEGATED.search(case.sentence):
        return _replaced(found, found[1])
    found = _VERB.search(case.sentence)
    return _replaced(found, f"{found[0]} not") if found else None


def shortened(case: Case, chance: random.Random) -> str | None:
    """Every third word is left out; nothing became wrong, but less is said in the same words."""
    words = case.sentence.split()
    kept = [word for i, word in enumerate(words) if i % 3 != 2 or word[-1] in ".!?"]
    return " ".join(kept) if len(kept) >= 5 else None


def unchanged(case: Case, _: random.Random) -> str | None:
    return case.sentence


CHANGES: dict[str, Change] = {
    "unchanged": unchanged,
    "every third word left out": shortened,
    "another number": another_number,
    "another number of the passage": number_from_the_passage,
    "another name": another_name,
    "denied": denied,
}


def verdicts(every: Sequence[Case], change: Change, right: bool, seed: int) -> Counter[str]:
    """How `change` fares against the passage it comes from, or against the most similar other."""
    chance, counted = random.Random(seed), Counter[str]()
    for case in every:
        said = change(case, chance)
        hits = case.hits[:1] if right else case.hits[1:2]
        if said is not None and hits:
            counted[Checker(numbered(hits)).check(said, [1])[0].verdict] += 1
    return counted


def credits(every: Sequence[Case], seed: int) -> Counter[str]:
    """Sentences without a mark, five sources in random order: whom they are credited to."""
    chance, counted = random.Random(seed), Counter[str]()
    for case in every:
        hits = list(case.hits)
        chance.shuffle(hits)
        sources = numbered(hits)
        credit = Checker(sources).credit(case.sentence)
        right = {s.number for s in sources if case.hits[0] in s.hits}
        outcome = "nobody" if credit is None else "right" if credit.number in right else "wrong"
        counted[outcome] += 1
    return counted


def times(every: Sequence[Case]) -> dict[str, float]:
    """Milliseconds: reading five sources, and checking one sentence against them."""
    reading, checking = [], []
    for case in every[:300]:
        began = time.perf_counter()
        checker = Checker(numbered(case.hits))
        read = time.perf_counter()
        checker.credit(case.sentence)
        checking.append(time.perf_counter() - read)
        reading.append(read - began)
    return {
        "five sources, p50": float(np.percentile(reading, 50)) * 1e3,
        "one sentence, p50": float(np.percentile(checking, 50)) * 1e3,
        "one sentence, p99": float(np.percentile(checking, 99)) * 1e3,
    }


def measure(folder: Path, size: int, seed: int) -> dict[str, dict[str, float]]:
    every = list(cases(folder, size))
    result: dict[str, dict[str, float]] = {}
    for name, change in CHANGES.items():
        result[name] = dict(verdicts(every, change, True, seed))
    result["against the most similar other"] = dict(verdicts(every, unchanged, False, seed))
    result["no mark: credited to"] = dict(credits(every, seed))
    result["milliseconds"] = times(every)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("path", type=Path)
    parser.add_argument("--passage", type=int, default=900, help="characters")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    before = conditions()
    result = measure(options.path, options.passage, options.seed)
    for name, counts in result.items():
        if name == "milliseconds":
            shares = {what: f"{ms:.2f}" for what, ms in counts.items()}
        else:
            total = sum(counts.values())
            shares = {what: f"{n / total:.3f}" for what, n in sorted(counts.items())}
            shares["of"] = str(total)
        print(f"{name:32}", "  ".join(f"{what} {share}" for what, share in shares.items()))
    how = {"passage": options.passage, "seed": options.seed}
    print(f"Kept as {save('citations', {**before, 'options': how, 'counts': result})}")


if __name__ == "__main__":
    main()
