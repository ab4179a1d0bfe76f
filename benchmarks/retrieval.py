"""How well passages are found, stage by stage, on collections that people have judged.

    python benchmarks/retrieval.py PATH... [--store FOLDER] [--reranker FOLDER] [--threads N]

PATH is a folder as BEIR has them, or Cranfield's. Documents go through the splitter, the embedder
and the store; a document is as good as its best passage. Each stage is what it would be alone:
BM25, the vectors, both fused, MaxSim, all blended (the default), and a cross-encoder at the end if
one is given. The goal is the default against the better of BM25 and vectors. --store keeps what
was embedded for the next time.
"""

import argparse
import asyncio
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.ingested import Ingested, opened, options_of
from benchmarks.judged_sets import JudgedSet, read
from benchmarks.report import conditions, save
from index.documents import Hit, Question
from index.evaluation import Judged, interval, judged, once_each
from index.ranking.words import searched
from index.retriever import Retrieval, RetrievalPlan, retrieve
from index.source import Ranked, Source
from models.reranker import CrossEncoderReranker, Reranker

DEEP = 100  # passages of one stage alone, of which ten documents come
DEFAULT = "blended: the default"
Rankings = dict[str, dict[str, list[str]]]  # by stage and question


class Runs:
    """The rankings and milliseconds of every stage."""

    def __init__(self, source: Source, reranker: Reranker | None) -> None:
        self._source = source
        self._reranker = reranker
        self.rankings: Rankings = {}
        self.milliseconds: dict[str, list[float]] = {}

    async def ask(self, id: str, question: Question) -> None:
        vector, words = question.vector, searched(question.text)
        assert vector is not None
        self._keep("BM25", id, self._documents(self._source.lexical(words, DEEP)))
        self._keep("vectors", id, self._documents(self._source.dense(vector, DEEP)))
        fused = await retrieve(question, [self._source], _plan(rerank=False))
        self._keep("fused", id, _names(fused.hits))
        found = await retrieve(question, [self._source], _plan())
        self._keep(DEFAULT, id, _names(found.hits))
        late = sorted(found.hits, key=lambda hit: -hit.stages.get("late", 0.0))
        self._keep("MaxSim, of the best", id, _names(late))
        if self._reranker is not None:
            reread = await retrieve(question, [self._source], _plan(), self._reranker)
            self._keep("with the cross-encoder", id, _names(reread.hits))
        self._time(await retrieve(question, [self._source], RetrievalPlan()))

    def _documents(self, ranked: Ranked) -> list[str]:
        known = self._source.passages([id for id, _ in ranked])
        return once_each(known[id].document_name for id, _ in ranked)

    def _keep(self, stage: str, id: str, ranking: list[str]) -> None:
        self.rankings.setdefault(stage, {})[id] = ranking

    def _time(self, found: Retrieval) -> None:
        for stage, taken in {**found.timings, "all": sum(found.timings.values())}.items():
            self.milliseconds.setdefault(stage, []).append(taken)


def _plan(rerank: bool = True) -> RetrievalPlan:
    return RetrievalPlan(passages=50, rerank=rerank)


def _names(hits: tuple[Hit, ...] | list[Hit]) -> list[str]:
    return once_each(hit.found.document_name for hit in hits)


async def measured(
    library: Ingested, asked: JudgedSet, reranker: Reranker | None
) -> dict[str, Any]:
    source = await library.source(asked)
    questions = await library.questions(list(asked.questions.values()))
    runs = Runs(source, reranker)
    for id, question in zip(asked.questions, questions, strict=True):
        await runs.ask(id, question)
    stages = {name: judged(found, asked.gains) for name, found in runs.rankings.items()}
    better = max((stages["BM25"], stages["vectors"]), key=_ndcg)
    gained = [new - old for new, old in zip(stages[DEFAULT].ndcg, better.ndcg, strict=True)]
    return {
        "documents": len(asked.documents),
        "passages": source.size,
        "questions": len(asked.questions),
        "stages": {name: _row(stage) for name, stage in stages.items()},
        "default to the better": _ndcg(stages[DEFAULT]) / _ndcg(better),
        "default to the better, 95 %": [1 + end / _ndcg(better) for end in interval(gained)],
        "fused to the better": _ndcg(stages["fused"]) / _ndcg(better),
        "ms p50": _each(runs.milliseconds, statistics.median),
        "ms p99": _each(runs.milliseconds, _p99),
    }


def _each(
    milliseconds: dict[str, list[float]], of: Callable[[list[float]], float]
) -> dict[str, float]:
    return {stage: of(taken) for stage, taken in milliseconds.items()}


def _p99(taken: list[float]) -> float:
    return sorted(taken)[int(0.99 * (len(taken) - 1))]


def _ndcg(stage: Judged) -> float:
    return statistics.fmean(stage.ndcg)


def _row(stage: Judged) -> dict[str, Any]:
    return {**stage.summary(), "ndcg@10, 95 %": interval(stage.ndcg)}


def show(name: str, result: dict[str, Any]) -> None:
    counts = ", ".join(
        f"{result[what]:,} {what}" for what in ("documents", "passages", "questions")
    )
    print(f"\n{name}: {counts}")
    print(f"{'':26}{'nDCG@10':>9}{'95 %':>16}{'recall@10':>11}{'MRR':>8}")
    for stage, row in result["stages"].items():
        low, high = row["ndcg@10, 95 %"]
        between = f"{low:.3f} to {high:.3f}"
        print(
            f"{stage:26}{row['ndcg@10']:9.3f}{between:>16}{row['recall@10']:11.3f}{row['mrr']:8.3f}"
        )
    low, high = result["default to the better, 95 %"]
    ratio = f"{result['default to the better']:.3f} ({low:.3f} to {high:.3f})"
    print(f"default to the better of BM25 and vectors: {ratio}")
    parts = ", ".join(f"{stage} {taken:.1f}" for stage, taken in result["ms p50"].items())
    print(f"milliseconds without the embedding, p50: {parts}")


async def run(options: argparse.Namespace) -> dict[str, Any]:
    reranker = CrossEncoderReranker(options.reranker) if options.reranker else None
    results = {}
    with opened(options) as library:
        for path in options.paths:
            asked = read(path)
            results[asked.name] = await measured(library, asked, reranker)
            show(asked.name, results[asked.name])
    return results


def main() -> None:
    parser = options_of(__doc__)
    parser.add_argument("--reranker", type=Path, help="folder of a cross-encoder")
    options = parser.parse_args()
    print(save("retrieval", conditions() | {"collections": asyncio.run(run(options))}))


if __name__ == "__main__":
    main()
