"""What a model is given to read: passages that follow each other become one, inside a budget."""

from collections.abc import Sequence
from dataclasses import dataclass

from index.documents import BLOCK_GAP, Hit, StoredPassage


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A piece of one document that `hits` lie in, in the document's order.

    `text` is the document's from `start` to `end`, but for the gaps between blocks. `tokens` as
    the embedder counts. `score` is that of the best hit.
    """

    hits: tuple[Hit, ...]
    text: str
    start: int
    end: int
    tokens: int

    @property
    def score(self) -> float:
        return max(hit.score for hit in self.hits)

    @property
    def first(self) -> StoredPassage:
        return self.hits[0].found


def excerpts(hits: Sequence[Hit], budget: int) -> list[Excerpt]:
    """The best of `hits` that fit into `budget` tokens together, stitched; the best come first.

    A hit that does not fit is left out, and a smaller one after it may still be in. Never more
    than the budget, so that nothing fits into too small a one.
    """
    chosen: list[Hit] = []
    for hit in hits:
        size = hit.found.passage.tokens
        if size <= budget:
            chosen.append(hit)
            budget -= size
    joined = [_stitched(run) for run in _runs(chosen)]
    return sorted(joined, key=lambda excerpt: -excerpt.score)


def _runs(hits: Sequence[Hit]) -> list[list[Hit]]:
    """Hits of one document whose passages follow each other, in the document's order."""
    runs: list[list[Hit]] = []
    for hit in sorted(hits, key=_place):
        if runs and _follows(hit.found, runs[-1][-1].found):
            runs[-1].append(hit)
        else:
            runs.append([hit])
    return runs


def _place(hit: Hit) -> tuple[str, str, int]:
    return hit.found.collection, hit.found.document, hit.found.passage.ordinal


def _follows(later: StoredPassage, earlier: StoredPassage) -> bool:
    same = (later.collection, later.document) == (earlier.collection, earlier.document)
    return same and later.passage.ordinal == earlier.passage.ordinal + 1


def _stitched(run: Sequence[Hit]) -> Excerpt:
    first = run[0].found.passage
    text, end = first.text, first.end
    for hit in run[1:]:
        passage = hit.found.passage
        overlap = end - passage.start
        text += passage.text[overlap:] if overlap >= 0 else BLOCK_GAP + passage.text
        end = max(end, passage.end)
    tokens = sum(hit.found.passage.tokens for hit in run)
    return Excerpt(tuple(run), text, first.start, end, tokens)
