"""Judges how documents are cut: token recall and precision of the 5 passages that are found.

    python benchmarks/chunking.py PATH [--sweep] [--cache FOLDER]

`PATH` has `corpora/*.md` and `questions_df.csv` with the columns question, references (JSON:
content, start_index, end_index in the corpus' characters) and corpus_id, as in Chroma's chunking
evaluation.
Passages come from the nearest vectors of the bundled embedder over all corpora together. Recall:
the share of the references' tokens that is in the passages; precision: the share of the passages'
tokens that is in references; both are means over questions. `--sweep` tries many sizes.
"""

import argparse
import asyncio
import csv
import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.report import conditions, save
from index.parsing.reading import parse_bytes
from index.passages.cutting import PassageLimits, cut
from models.embedder import SentenceEmbedder
from models.tokens import BundledTokens

FOUND = 5
BATCH = 64
LOOK_AHEAD = 12  # characters that parsing may have dropped or changed at one place
SIZES = (64, 96, 128, 160, 192, 224)
OVERLAPS = (0, 20, 40)

Tokens = NDArray[np.int64]
Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Piece:
    """What is embedded, and which tokens of which corpus it holds."""

    corpus: str
    text: str
    tokens: Tokens


@dataclass(frozen=True)
class Question:
    text: str
    corpus: str
    tokens: Tokens


class Data:
    def __init__(self, folder: Path) -> None:
        files = sorted((folder / "corpora").glob("*.md"))
        self.texts = {file.stem: file.read_text(encoding="utf-8") for file in files}
        self.counter = BundledTokens()
        self.starts = {
            name: np.array([start for start, _ in self.counter.spans(text)])
            for name, text in self.texts.items()
        }
        with (folder / "questions_df.csv").open(newline="", encoding="utf-8") as source:
            self.questions = [self._question(row) for row in csv.DictReader(source)]

    def _question(self, row: dict[str, str]) -> Question:
        spans = [(r["start_index"], r["end_index"]) for r in json.loads(row["references"])]
        tokens = [self.between(row["corpus_id"], *span) for span in spans]
        return Question(row["question"], row["corpus_id"], np.unique(np.concatenate(tokens)))

    def between(self, corpus: str, start: int, end: int) -> Tokens:
        first, last = np.searchsorted(self.starts[corpus], (start, end))
        return np.arange(first, last)


def ours(data: Data, limits: PassageLimits) -> Iterator[Piece]:
    for corpus, text in data.texts.items():
        for document in parse_bytes(text.encode(), f"{corpus}.txt"):
            places = _places(text, document.text)
            for passage in cut(document, data.counter, limits):
                start, end = places[passage.start], places[passage.end - 1] + 1
                tokens = data.between(corpus, int(start), int(end))
                yield Piece(corpus, passage.embedded_text, tokens)


def _places(raw: str, parsed: str) -> NDArray[np.int64]:
    """Where each character of `parsed` is in `raw`; white space differs, and a little more."""
    found = np.zeros(len(parsed), np.int64)
    at = 0
    for i, char in enumerate(parsed):
        if not char.isspace():
            place = raw.find(char, at, at + LOOK_AHEAD)
            at = place if place >= 0 else at
        found[i] = min(at, len(raw) - 1)
        at += not char.isspace()
    return found


def fixed(data: Data, size: int, overlap: int) -> Iterator[Piece]:
    """So many tokens each, wherever that ends."""
    for corpus, text in data.texts.items():
        starts = [*data.starts[corpus], len(text)]
        for first in range(0, len(starts) - 1, size - overlap):
            last = min(first + size, len(starts) - 1)
            yield Piece(corpus, text[starts[first] : starts[last]], np.arange(first, last))


class Embedding:
    def __init__(self, cache: Path | None) -> None:
        self._embedder = SentenceEmbedder("all-minilm-l6-v2", 1)
        self._counter = BundledTokens()
        self._cache = cache

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """(n, 384), each of length 1."""
        name = hashlib.sha256("\0".join(texts).encode()).hexdigest()[:24]
        file = self._cache / f"{name}.npy" if self._cache else None
        if file and file.exists():
            known: Vectors = np.load(file, allow_pickle=False)
            return known
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        found = np.zeros((len(texts), 384), np.float32)
        for at in range(0, len(order), BATCH):
            part = order[at : at + BATCH]
            batch = [self._shortened(texts[i]) for i in part]
            found[part] = asyncio.run(self._embedder.embed(batch)).vectors
        if file:
            file.parent.mkdir(parents=True, exist_ok=True)
            np.save(file, found)
        return found

    def _shortened(self, text: str) -> str:
        """Fixed pieces can be longer than the embedder takes, as a cut word has more tokens."""
        spans = self._counter.spans(text)
        return text if len(spans) <= 254 else text[: spans[253][1]]


def judge(data: Data, pieces: Sequence[Piece], embedding: Embedding) -> dict[str, Any]:
    vectors = embedding.vectors([piece.text for piece in pieces])
    questions = embedding.vectors([question.text for question in data.questions])
    best = np.argsort(-(questions @ vectors.T), axis=1)[:, :FOUND]
    rows = [
        (question.corpus, *_overlap(question, [pieces[i] for i in row]))
        for question, row in zip(data.questions, best, strict=True)
    ]
    corpora = {c: _means([row for row in rows if row[0] == c]) for c in data.texts}
    sizes = [len(piece.tokens) for piece in pieces]
    return _means(rows) | {"passages": len(pieces), "size": float(np.mean(sizes)), "by": corpora}


def _overlap(question: Question, found: Sequence[Piece]) -> tuple[float, float, float]:
    """Recall, precision, and the tokens that were read."""
    same = [piece.tokens for piece in found if piece.corpus == question.corpus]
    held = np.unique(np.concatenate(same)) if same else np.array([], np.int64)
    hits = len(np.intersect1d(held, question.tokens))
    read = sum(len(piece.tokens) for piece in found)
    return hits / len(question.tokens), hits / read, read


def _means(rows: Sequence[tuple[Any, ...]]) -> dict[str, Any]:
    recall, precision, read = np.array([row[1:] for row in rows], float).mean(0)
    return {"recall": float(recall), "precision": float(precision), "read": float(read)}


def subjects(data: Data, sweep: bool) -> Iterator[tuple[str, list[Piece]]]:
    yield "ours, as it is", list(ours(data, PassageLimits()))
    for size in SIZES if sweep else (128, 192):
        yield f"fixed {size}", list(fixed(data, size, 0))
        yield f"fixed {size}, half overlapping", list(fixed(data, size, size // 2))
    for size in SIZES if sweep else ():
        for overlap in OVERLAPS:
            limits = PassageLimits(size, overlap)
            yield f"ours {size}, overlap {overlap}", list(ours(data, limits))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--sweep", action="store_true")
    parser.add_argument("--cache", type=Path)
    chosen = parser.parse_args()
    data, embedding = Data(chosen.path), Embedding(chosen.cache)
    result: dict[str, Any] = conditions() | {"questions": len(data.questions), "found": FOUND}
    result["results"] = {}
    print(f"{'':28} recall precision tokens read passages")
    for name, pieces in subjects(data, chosen.sweep):
        found = judge(data, pieces, embedding)
        result["results"][name] = found
        shown = f"{found['recall']:6.3f} {found['precision']:9.4f} {found['read']:11.0f}"
        print(f"{name:28} {shown} {found['passages']:8}", flush=True)
    print(f"kept as {save('chunking', result).name}")


if __name__ == "__main__":
    main()
