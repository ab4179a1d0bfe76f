"""What an answer costs a gateway, by what the memory of answers says.

    python benchmarks/ways_of_answers.py [--rounds 5]

The whole way of a request in this process, with an engine that answers at once, the bundled
embedder: processor time of one request at a time, the embedding of what is asked apart. Each is
timed once in each round, and its fastest counts.
"""

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.day_of_questions import ruled
from benchmarks.near_misses import THEMES
from benchmarks.report import conditions, save
from models.embedder import DeepEmbeddings, Embeddings, Inputs, Purpose, SentenceEmbedder
from models.engine import Message, Prompt, Sampling
from models.scripted import Script, ScriptedEngine
from serve.caching.kept import open_memory
from serve.config import Settings
from serve.pipeline import Helpers, Pipeline
from serve.receipt import Receipt
from serve.request import Request

MODEL: Final = "echo"
WORDS: Final = tuple(f" word{number}" for number in range(20))
TIERS: Final = {"small": {"engine": "scripted", "model": MODEL, "temperature": 0.0}}

Told = dict[str, list[tuple[str, float]]]  # for each way, of each question


class Timed:
    """An embedder that says how much processor time it took, in milliseconds."""

    def __init__(self) -> None:
        self._inner = SentenceEmbedder("all-minilm-l6-v2", 1)
        self.card = self._inner.card
        self.took = 0.0

    async def embed(self, inputs: Inputs) -> Embeddings:
        return await self._inner.embed(inputs)

    async def embed_deep(self, inputs: Inputs, purpose: Purpose) -> DeepEmbeddings:
        began = time.process_time()
        try:
            return await self._inner.embed_deep(inputs, purpose)
        finally:
            self.took += (time.process_time() - began) * 1000


class Gateway:
    """One memory; `cache` are its settings."""

    def __init__(self, embedder: Timed, **cache: Any) -> None:
        settings = Settings.model_validate({"tiers": TIERS, "cache": {"checked": 0, **cache}})
        self._embedder = embedder
        alike = settings.cache.semantic
        helpers = Helpers(embedder, memory=open_memory(settings), alike=alike)
        engines = {"small": ScriptedEngine(MODEL, Script(words=WORDS))}
        self._pipeline = Pipeline(settings, engines, helpers)

    async def ask(self, text: str) -> tuple[str, float]:
        """What the memory said, and milliseconds of the processor, the embedding apart."""
        prompt = Prompt("req", "tenant", (Message("user", text),), Sampling(temperature=0.0))
        request = Request(MODEL, (prompt,), stream=True)
        receipt, self._embedder.took = Receipt(), 0.0
        began = time.process_time()
        async with aclosing(self._pipeline.answer(request, receipt)) as chunks:
            async for _ in chunks:
                pass
        took = (time.process_time() - began) * 1000
        return str(receipt.cache), took - self._embedder.took

    async def close(self) -> None:
        await self._pipeline.close()


async def one_round(embedder: Timed) -> Told:
    """Every other meaning of the themes is kept; the rest are near-misses of those."""
    meanings = [texts for theme in THEMES for texts in ruled(theme)]
    kept, others = meanings[::2], [texts[0] for texts in meanings[1::2]]
    off, exact = Gateway(embedder, enabled=False), Gateway(embedder)
    alike = Gateway(embedder, semantic=True)
    for texts in kept:
        await alike.ask(texts[0])
    reworded = [texts[1] for texts in kept if len(texts) > 1]
    told = {
        "no memory": [await off.ask(text) for text in others],
        "exact": [await exact.ask(text) for text in others + others],
        "in other words": [await alike.ask(text) for text in reworded + others],
    }
    for gateway in (off, exact, alike):
        await gateway.close()
    return told


def middle(rounds: Sequence[Told]) -> dict[str, dict[str, float]]:
    """For each way and verdict the median over its questions, of each the fastest round, and how
    many there are.
    """
    found: dict[str, list[float]] = {}
    for way in rounds[0]:
        for asked in zip(*(told[way] for told in rounds), strict=True):
            verdict = f"{way}: {asked[0][0]}"
            found.setdefault(verdict, []).append(min(took for _, took in asked))
    return {way: {"ms": statistics.median(took), "of": len(took)} for way, took in found.items()}


async def measured(rounds: int) -> dict[str, Any]:
    embedder = Timed()
    told = [await one_round(embedder) for _ in range(rounds + 1)][1:]  # the first warms up
    return {"ways": middle(told)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    result = conditions() | {"rounds": rounds} | asyncio.run(measured(rounds))
    for way, found in result["ways"].items():
        print(f"{way:24} {found['ms']:6.2f} ms  ({found['of']} questions)")
    print(f"kept as {save('ways_of_answers', result).name}")


if __name__ == "__main__":
    main()
