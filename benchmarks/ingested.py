"""Documents put into the store as the appliance does it, but for the parsers."""

import argparse
import hashlib
import io
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from benchmarks.judged_sets import JudgedSet
from index.documents import Block, Parsed, Passage, Question
from index.passages.cutting import cut
from index.store.collections import Embedding, NewCollection
from index.store.records import Content, NewDocument, PageQuery, Reader
from index.store.source import CollectionSource
from index.store.store import Store
from models.embedder import SentenceEmbedder
from models.tokens import BundledTokens

ME = Reader("benchmark")
TOGETHER = 32  # documents that are embedded in one call
EMBEDDER = "all-minilm-l6-v2"


class Ingested:
    """A store in `folder`, which may be used again: what is in it is not embedded twice."""

    def __init__(self, folder: Path, threads: int) -> None:
        self.embedder = SentenceEmbedder(EMBEDDER, threads)
        self._store = Store(folder)
        self._counter = BundledTokens()

    def close(self) -> None:
        self._store.close()

    async def source(self, judged: JudgedSet) -> CollectionSource:
        """`judged` as a collection; its documents have their ids as names."""
        collection = self._collection(judged.name)
        file = self._store.files.add(ME, "judged.txt", io.BytesIO(judged.name.encode()))
        left, done = iter(judged.documents.items()), 0
        while part := dict(islice(left, TOGETHER)):
            await self._add(collection, file.id, part)
            done += len(part)
            print(f"\r{judged.name}: {done:,} documents", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
        self._store.settle()
        return self._store.source(ME, collection)

    def _collection(self, name: str) -> str:
        known = self._store.collections.page(ME, PageQuery(limit=100)).items
        for one in known:
            if one.name == name:
                return one.id
        made_by = Embedding(EMBEDDER, 384)
        return self._store.collections.create(ME, NewCollection(name), made_by).id

    async def _add(self, collection: str, file: str, documents: dict[str, str]) -> None:
        jobs: list[tuple[str, list[Passage]]] = []
        for name, text in documents.items():
            new = NewDocument(file, name, hashlib.sha256(text.encode()).hexdigest())
            begun = self._store.jobs.begin(ME, collection, new)
            if begun.work:
                parsed = Parsed(name, "text/plain", name, tuple(_blocks(text)))
                jobs.append((begun.document.id, cut(parsed, self._counter)))
        texts = [passage.embedded_text for _, passages in jobs for passage in passages]
        if not texts:
            return
        found = await self.embedder.embed_deep(texts, "passage")
        at = 0
        for document, passages in jobs:
            end = at + len(passages)
            content = Content(
                passages, list(found.vectors[at:end]), EMBEDDER, list(found.token_vectors[at:end])
            )
            self._store.jobs.finish(document, content)
            at = end

    async def questions(self, texts: Sequence[str]) -> list[Question]:
        """Cut where the embedder would refuse them."""
        fitting = [self._fitting(text) for text in texts]
        found = await self.embedder.embed_deep(fitting, "question")
        rows = zip(texts, found.vectors, found.token_vectors, strict=True)
        return [Question(text, vector, tokens) for text, vector, tokens in rows]

    def _fitting(self, text: str) -> str:
        spans = self._counter.spans(text)[: self._counter.limit - self._counter.special]
        return text[: spans[-1][1]] if spans else text


def options_of(description: str | None) -> argparse.ArgumentParser:
    """What every benchmark over judged collections can be told."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("paths", type=Path, nargs="+", metavar="PATH")
    parser.add_argument("--store", type=Path, help="keep what was embedded here")
    parser.add_argument("--threads", type=int, default=1)
    return parser


@contextmanager
def opened(options: argparse.Namespace) -> Iterator[Ingested]:
    """In the folder that was named, else in one that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="ingested") as folder:
        library = Ingested(options.store or Path(folder), options.threads)
        try:
            yield library
        finally:
            library.close()


def _blocks(text: str) -> Iterator[Block]:
    return (Block("text", part) for part in text.split("\n\n") if part.strip())
