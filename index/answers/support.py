"""Where in the sources a sentence comes from: the spans that share most of its meaning's weight."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from index.answers.sentences import spans
from index.answers.sources import Source
from index.answers.statements import Statement, meaning, statement

WINDOW: Final = 3  # sentences in a row that are quoted together at most
WORTH: Final = 0.1  # what one more sentence has to add to the score


class Span(NamedTuple):
    """A sentence of a source, `[start:end]` of the document's text."""

    start: int
    end: int
    said: Statement


class Support(NamedTuple):
    """`score` 0 to 1: the share of a sentence that `[start:end]` of the document's text says."""

    score: float = 0.0
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Described:
    """A source's spans, part by part; `context` is what its title and headings are about."""

    source: Source
    parts: tuple[tuple[Span, ...], ...]
    context: frozenset[str]

    def quote(self, support: Support) -> str:
        for part in self.source.parts:
            if part.start <= support.start < part.end:
                return part.text[support.start - part.start : support.end - part.start]
        return ""

    def spans(self) -> list[Span]:
        return [span for part in self.parts for span in part]

    def statements(self) -> list[Statement]:
        """All that the source says; what it is called comes first."""
        return [statement(" ".join(self.source.names)), *(span.said for span in self.spans())]


class Evidence:
    """The sources of one answer, taken apart once."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self.sources = {source.number: _described(source) for source in sources}
        every = [span for one in self.sources.values() for span in one.spans()]
        self._count = len(every)
        self._frequency = Counter(word for span in every for word in span.said.meaning)

    def best(self, wanted: frozenset[str], number: int) -> Support:
        """The spans in a row that say most of what is `wanted`; few rather than many.

        What names the document only (a line in a list of sources) is said by its first span.
        """
        one = self.sources[number]
        if wanted <= one.context and one.parts and one.parts[0]:
            return Support(1.0 if wanted else 0.0, one.parts[0][0].start, one.parts[0][0].end)
        windows = [part[i : i + WINDOW] for part in one.parts for i in range(len(part))]
        found = [
            best for window in windows for best in self._beginnings(window, wanted, one.context)
        ]
        return max(found, key=lambda ranked: ranked[0], default=(0.0, Support()))[1]

    def share(self, wanted: frozenset[str], said: frozenset[str]) -> float:
        """How much of `wanted` is `said`, by weight."""
        total = sum(map(self._weight, wanted))
        return sum(map(self._weight, wanted & said)) / total if total else 0.0

    def _beginnings(
        self, window: Sequence[Span], wanted: frozenset[str], context: frozenset[str]
    ) -> Iterator[tuple[float, Support]]:
        """What a window says that begins with something wanted, with its rank."""
        said = context
        if wanted.isdisjoint(window[0].said.meaning):
            return
        for further, span in enumerate(window):
            said |= span.said.meaning
            score = self.share(wanted, said)
            yield score - WORTH * further, Support(score, window[0].start, span.end)

    def _weight(self, word: str) -> float:
        """Rare words say more."""
        return math.log(2 + self._count / (1 + self._frequency[word]))


def _described(source: Source) -> Described:
    parts = tuple(
        tuple(
            Span(part.start + a, part.start + b, statement(part.text[a:b]))
            for a, b in spans(part.text)
        )
        for part in source.parts
    )
    return Described(source, parts, meaning(" ".join(source.names)))
