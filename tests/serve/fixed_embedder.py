"""An embedder that gives every text the same vector, late or never."""

import asyncio

import numpy as np
from numpy.typing import NDArray

from models.embedder import DeepEmbeddings, Embeddings, Inputs, Purpose
from models.engine import ModelCard


class Fixed:
    card = ModelCard("fixed", "fixed", 256, 0, "1")

    def __init__(
        self, vector: NDArray[np.float64], delay: float = 0.0, failure: Exception | None = None
    ) -> None:
        self.delay, self.failure = delay, failure
        self.seen: list[str] = []
        self._vector = vector.astype(np.float32)

    async def embed(self, inputs: Inputs) -> Embeddings:
        self.seen += [str(one) for one in inputs]
        await asyncio.sleep(self.delay)
        if self.failure:
            raise self.failure
        return Embeddings(np.stack([self._vector] * len(inputs)), (1,) * len(inputs))

    async def embed_deep(self, inputs: Inputs, purpose: Purpose) -> DeepEmbeddings:
        found = await self.embed(inputs)
        tokens = np.round(found.vectors[:, None] * 127).astype(np.int8)
        return DeepEmbeddings(found.vectors, tuple(tokens), found.tokens)
