"""Cross-encoders: a question and a text are read together, which is slow and precise."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from models.errors import EngineInterrupted, ModelRefused

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder


class Reranker(Protocol):
    async def score(self, question: str, texts: Sequence[str]) -> list[float]:
        """How well each text answers: greater is better, on the model's own scale.

        Raises `EngineError`.
        """


class CrossEncoderReranker:
    """A sentence-transformers cross-encoder from a folder of this machine, on the CPU, offline.

    Making one takes seconds, and raises `ModelRefused` where there is none. Texts are cut to what
    the model reads. One question at a time.
    """

    def __init__(self, folder: Path) -> None:
        self._model = _loaded(folder)
        self._thread = ThreadPoolExecutor(1, "reranker")

    async def score(self, question: str, texts: Sequence[str]) -> list[float]:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._thread, self._compute, question, texts)
        except Exception as exc:  # numerical libraries raise what they like
            raise EngineInterrupted("The reranker failed.") from exc

    def _compute(self, question: str, texts: Sequence[str]) -> list[float]:
        pairs = [(question, text) for text in texts]
        scores = self._model.predict(pairs, show_progress_bar=False)
        return [float(score) for score in scores]


def _loaded(folder: Path) -> "CrossEncoder":
    from sentence_transformers import CrossEncoder

    if not (folder / "config.json").is_file():
        raise ModelRefused("The reranker's folder has no model of sentence-transformers.")
    try:
        model: CrossEncoder = CrossEncoder(
            str(folder), device="cpu", local_files_only=True, num_labels=1
        )
    except Exception as exc:  # loaders raise what they like
        raise ModelRefused("The reranker's model cannot be loaded.") from exc
    return model
