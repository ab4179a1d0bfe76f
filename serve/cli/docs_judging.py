"""How well a collection answers questions whose documents are known."""

import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Any, Final

from index.evaluation import judged
from models.progress import Progress

FINAL: Final = "final"  # the order in which the passages come
QUOTED_AMONG: Final = 5  # passages

Told = dict[str, Any]


class QuestionsRefused(Exception):
    """The file cannot be used; one line for people."""


@dataclass(frozen=True, slots=True)
class Asked:
    question: str
    documents: tuple[str, ...]
    quote: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`stages`: measures by stage; `latency` in milliseconds; `quotes`: the share of quotes that
    stand in one of the first passages, None where no question has any.
    """

    questions: int
    stages: dict[str, dict[str, float]]
    quotes: float | None
    latency: dict[str, float]

    def as_json(self) -> Told:
        return asdict(self)


def read_questions(path: Path) -> list[Asked]:
    """Raises `QuestionsRefused` with the number of the line."""
    lines = path.read_text("utf-8").splitlines()
    asked = [_asked(line, number) for number, line in enumerate(lines, 1) if line.strip()]
    if not asked:
        raise QuestionsRefused("There are no questions in it.")
    return asked


def _asked(line: str, number: int) -> Asked:
    try:
        told = json.loads(line)
        question, named, quote = told["question"], told["document"], told.get("quote")
        documents = [named] if isinstance(named, str) else list(named)
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        text = f"Line {number} is no question: it needs 'question' and 'document'."
        raise QuestionsRefused(text) from exc
    texts = [question, *documents, *([] if quote is None else [quote])]
    if not documents or not all(isinstance(text, str) and text.strip() for text in texts):
        raise QuestionsRefused(f"Line {number} has an empty field, or one that is no text.")
    return Asked(question, tuple(documents), quote)


def judged_by(asked: Sequence[Asked], search: Callable[[str], Told], done: Progress) -> Verdict:
    """`search` gives a page of results for a question."""
    pages, spent = [], []
    for place, one in enumerate(asked):
        start = time.perf_counter()
        pages.append(search(one.question))
        spent.append(1000 * (time.perf_counter() - start))
        done(place + 1, len(asked))
    quoted = [
        _has_quote(page, one.quote)
        for one, page in zip(asked, pages, strict=True)
        if one.quote is not None
    ]
    quotes = fmean(quoted) if quoted else None
    return Verdict(len(asked), _measured(asked, pages), quotes, _latency(spent, pages))


def _measured(asked: Sequence[Asked], pages: Sequence[Told]) -> dict[str, dict[str, float]]:
    gains = {str(place): dict.fromkeys(one.documents, 1.0) for place, one in enumerate(asked)}
    found = {}
    for stage in _stages(pages):
        rankings = {str(place): _ranking(page, stage) for place, page in enumerate(pages)}
        found[stage] = judged(rankings, gains).summary()
    return found


def _stages(pages: Sequence[Told]) -> list[str]:
    """The last one first, then the others as they come."""
    named = (stage for page in pages for hit in page["data"] for stage in hit["stages"])
    return list(dict.fromkeys([FINAL, *named]))


def _ranking(page: Told, stage: str) -> list[str]:
    """Names of documents as one stage alone would have ordered what was found."""
    hits = page["data"]
    if stage != FINAL:
        seen = [hit for hit in hits if stage in hit["stages"]]
        hits = sorted(seen, key=lambda hit: -hit["stages"][stage])
    return [hit["filename"] for hit in hits]


def _has_quote(page: Told, quote: str) -> bool:
    """However it is broken into lines."""
    wanted = " ".join(quote.split())
    first = page["data"][:QUOTED_AMONG]
    return any(wanted in " ".join(hit["content"][0]["text"].split()) for hit in first)


def _latency(spent: Sequence[float], pages: Sequence[Told]) -> dict[str, float]:
    """At the client, and the means of what the appliance measured by stage."""
    told = {"p50": _quantile(spent, 0.5), "p95": _quantile(spent, 0.95)}
    named = dict.fromkeys(stage for page in pages for stage in page["timings"])
    for stage in named:
        told[stage] = fmean(page["timings"].get(stage, 0.0) for page in pages)
    return told


def _quantile(values: Sequence[float], share: float) -> float:
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
