"""Small libraries with documents whose passages, words and vectors follow from a seed."""

import hashlib
import io
from collections.abc import Sequence

import numpy as np

from index.documents import Passage, Vector
from index.store.collections import Embedding, NewCollection
from index.store.records import CollectionRecord, Content, DocumentRecord, NewDocument, Reader
from index.store.store import Store

DIMENSION = 16
EMBEDDER = "small"
ME = Reader("me")
OTHER = Reader("other")
ADMIN = Reader("root", admin=True)


def vectors(seed: int, count: int) -> list[Vector]:
    found = np.random.default_rng(seed).standard_normal((count, DIMENSION)).astype(np.float32)
    return list(found / np.linalg.norm(found, axis=1, keepdims=True))


def passages(texts: Sequence[str]) -> list[Passage]:
    return [Passage(n, text, 0, len(text), len(text.split())) for n, text in enumerate(texts)]


def content(seed: int, texts: Sequence[str]) -> Content:
    return Content(passages(texts), vectors(seed, len(texts)), EMBEDDER)


def create(store: Store, reader: Reader = ME, name: str = "handbook") -> CollectionRecord:
    made_by = Embedding(EMBEDDER, DIMENSION)
    return store.collections.create(reader, NewCollection(name), made_by)


def new_document(store: Store, name: str, text: str, reader: Reader = ME) -> NewDocument:
    file = store.files.add(reader, name, io.BytesIO(text.encode()))
    return NewDocument(file.id, name, file.sha256)


def add(
    store: Store, collection: str, name: str, texts: Sequence[str], seed: int = 0
) -> DocumentRecord:
    """A completed document with a passage for each text."""
    begun = store.jobs.begin(ME, collection, new_document(store, name, f"{seed} {texts}"))
    return store.jobs.finish(begun.document.id, content(seed, texts))


def found_texts(store: Store, collection: str, *words: str) -> list[str]:
    """What a search for words shows."""
    source = store.source(ME, collection)
    ids = [row for row, _ in source.lexical(words, 1000)]
    shown = source.passages(ids)
    return [shown[row].passage.text for row in ids if row in shown]


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
