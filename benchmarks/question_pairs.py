"""Pairs of questions with labels, from files, and their embeddings."""

import asyncio
import csv
import gzip
import io
import json
import sys
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import product
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from index.caches.verdict import Sentence
from models.embedder import SentenceEmbedder

Parts = NDArray[np.int64]

TRAIN, CALIBRATE, TEST = range(3)
SHARES: Final = (0.4, 0.35, 0.25)
SAME: Final = 4.0  # of 0 to 5: from where on two sentences mean the same
NEIGHBOURS: Final = 3  # nearest questions of which one is taken as another one
TOGETHER: Final = 64  # texts embedded at a time


class Labelled(NamedTuple):
    """`source`: the name of its file."""

    asked: str
    kept: str
    same: bool
    source: str


def read(path: Path) -> list[Labelled]:
    """A file, or all files of a folder: a JSON list of objects with `origin` and `similar`, which
    mean the same (also .gz, and .tar.gz under that name); a CSV of two sentences and their
    similarity, 0 to 5; a table of a header with `question1`, `question2` and `is_duplicate`.
    """
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    return list(dict.fromkeys(pair for file in files if file.is_file() for pair in _pairs(file)))


def _pairs(file: Path) -> Iterator[Labelled]:
    suffixes, source = {*file.suffixes}, file.name.split(".")[0]
    if ".json" in suffixes:
        for row in json.loads(_text(file)):
            yield Labelled(row["origin"], row["similar"], True, source)
    elif suffixes & {".csv", ".tsv"}:
        separator = "\t" if ".tsv" in suffixes else ","
        table = list(csv.reader(io.StringIO(_text(file)), delimiter=separator))
        yield from (Labelled(*row, source) for row in _rows(table))


def _rows(rows: list[list[str]]) -> Iterator[tuple[str, str, bool]]:
    if rows and "is_duplicate" in rows[0]:
        places = [rows[0].index(name) for name in ("question1", "question2", "is_duplicate")]
        for row in rows[1:]:
            one, other, same = (row[place] for place in places)
            yield one, other, same == "1"
        return
    for one, other, score in rows:
        yield one, other, float(score) >= SAME


def _text(file: Path) -> str:
    whole = file.read_bytes()
    if file.suffix == ".gz":
        whole = gzip.decompress(whole)
    try:
        with tarfile.open(fileobj=io.BytesIO(whole)) as packed:
            inner = next(one for one in packed if one.isfile())
            found = packed.extractfile(inner)
            whole = found.read() if found else b""
    except tarfile.ReadError:
        pass  # it is the text itself
    return whole.decode("utf-8-sig")


def some(pairs: list[Labelled], most: int) -> list[Labelled]:
    """At most `most`, by a draw that is always the same."""
    order = sorted(pairs, key=lambda pair: sha256(f"{pair.asked}\n{pair.kept}".encode()).digest())
    return order[:most]


class Embedded:
    """Sentences by their text, kept in `file` from one run to the next."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._known: dict[str, Sentence] = {}
        if file and file.exists():
            with np.load(file, allow_pickle=False) as kept:
                texts = json.loads(kept["texts"].tobytes())
                vectors, tokens, ends = kept["vectors"], kept["tokens"], kept["ends"]
            parts = np.split(tokens, ends[:-1])
            rows = zip(texts, vectors, parts, strict=True)
            self._known = {text: Sentence(text, vector, part) for text, vector, part in rows}

    def __getitem__(self, text: str) -> Sentence:
        return self._known[text]

    def add(self, texts: Iterable[str]) -> None:
        new = sorted({text for text in texts if text not in self._known}, key=len)
        if new:
            asyncio.run(self._embed(new))
            self.save()

    async def _embed(self, texts: list[str]) -> None:
        embedder = SentenceEmbedder("all-minilm-l6-v2", 2)
        for at in range(0, len(texts), TOGETHER):
            part = texts[at : at + TOGETHER]
            found = await embedder.embed_deep(part, "question")
            for row in zip(part, found.vectors, found.token_vectors, strict=True):
                self._known[row[0]] = Sentence(*row)
            print(f"\rembedded {at + len(part)} of {len(texts)}", end="", flush=True)
        print()

    def save(self) -> None:
        if self._file is None:
            return
        known = list(self._known.values())
        self._file.parent.mkdir(parents=True, exist_ok=True)
        np.savez(
            self._file,
            texts=np.frombuffer(json.dumps([one.text for one in known]).encode(), np.uint8),
            vectors=np.stack([one.vector for one in known]),
            tokens=np.concatenate([one.tokens for one in known]),
            ends=np.cumsum([len(one.tokens) for one in known]),
        )


@dataclass(frozen=True)
class Sets:
    """`part` (n,) of each pair: what is trained on, what a threshold is taken from, what is judged.

    Texts that pairs connect are in one part.
    """

    pairs: list[Labelled]
    part: Parts

    def rows(self, *parts: int) -> Parts:
        return np.flatnonzero(np.isin(self.part, parts))


def parted(pairs: list[Labelled], embedded: Embedded) -> Sets:
    """Where a source has only the same, one near question is mined for each text as another."""
    grouped = groups(pairs)
    part_of = {text: _part(group) for text, group in grouped.items()}
    every = pairs + list(_mined(pairs, grouped, part_of, embedded))
    return Sets(every, np.array([part_of[pair.asked] for pair in every]))


def groups(pairs: list[Labelled]) -> dict[str, str]:
    """For each text, the first of those that pairs connect it with."""
    above: dict[str, str] = {}

    def top(text: str) -> str:
        while above.setdefault(text, text) != text:
            above[text] = above[above[text]]
            text = above[text]
        return text

    for pair in pairs:
        one, other = sorted((top(pair.asked), top(pair.kept)))
        above[other] = one
    return {text: top(text) for text in list(above)}


def _part(group: str) -> int:
    draw = int.from_bytes(sha256(group.encode()).digest()[:4], "big") / 2**32
    return int(np.searchsorted(np.cumsum(SHARES), draw, side="right"))


def _mined(
    pairs: list[Labelled], groups: dict[str, str], part_of: dict[str, int], embedded: Embedded
) -> Iterator[Labelled]:
    """Not all of them are other questions: nobody has compared them."""
    rng = np.random.default_rng(0)
    lacking = {pair.source for pair in pairs} - {pair.source for pair in pairs if not pair.same}
    for source, part in product(sorted(lacking), range(len(SHARES))):
        asked = {pair.asked for pair in pairs if pair.source == source}
        here = sorted(text for text in asked if part_of[text] == part)
        vectors = np.stack([embedded[text].vector for text in here])
        for text in here:
            order = np.argsort(-(vectors @ embedded[text].vector))[: 4 * NEIGHBOURS]
            others = [here[at] for at in order if groups[here[at]] != groups[text]]
            if others:
                other = others[int(rng.integers(min(NEIGHBOURS, len(others))))]
                yield Labelled(text, other, False, source)


def texts_of(pairs: Iterable[Any]) -> set[str]:
    return {text for pair in pairs for text in (pair.asked, pair.kept)}
