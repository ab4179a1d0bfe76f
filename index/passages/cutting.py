"""Documents cut into passages where their structure allows it best, none longer than may be."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import Final

from index.documents import BLOCK_GAP, Parsed, Passage
from index.passages.atoms import atoms_of
from index.passages.sections import Section, grouped, heading_paths, sections_of
from models.tokens import TokenCounter

__all__ = ["PassageLimits", "TokenCounter", "cut"]

SMALLEST_LIMIT: Final = 8  # tokens: an embedder that takes fewer can hold no sentence
_HEADING_SHARE: Final = 4  # at most one in so many tokens is spent on headings
_HEADING_CHARACTERS: Final = 100  # of each
_SHORTEST_HEADING: Final = 12  # characters that still say something
_ATOM_SHARE: Final = 6  # a passage has at least so many places to end
_CHARACTERS: Final = 10  # for each token of the limit: some tokens are very long words


@dataclass(frozen=True, slots=True)
class PassageLimits:
    """In tokens of the embedder, but for what it adds itself. Measured by benchmarks/chunking.py.

    Passages have `target` tokens where structure lets them; they begin with up to `overlap` of the
    one before. A section of less than `smallest` is joined to its neighbour.
    """

    target: int = 160
    overlap: int = 0
    smallest: int = 40


def cut(
    document: Parsed, counter: TokenCounter, limits: PassageLimits | None = None
) -> list[Passage]:
    """Every word of the document is in a passage, none of which has more than `counter.limit`."""
    if counter.limit < SMALLEST_LIMIT:
        raise ValueError(f"an embedder of {counter.limit} tokens")
    return _Cutter(document, counter, limits or PassageLimits()).passages()


class _Cutter:
    def __init__(self, document: Parsed, counter: TokenCounter, limits: PassageLimits) -> None:
        self._document = document
        self._text = document.text
        self._counter = counter
        self._limits = limits
        self._room = counter.limit - counter.special
        self._target = min(limits.target, self._room)
        self._atoms = list(atoms_of(document, counter, max(1, self._target // _ATOM_SHARE)))
        self._sums = [0, *accumulate(atom.tokens for atom in self._atoms)]
        self._headings = _Headings(document, counter, self._room // _HEADING_SHARE)
        lengths = (len(block.text) + len(BLOCK_GAP) for block in document.blocks)
        self._block_starts = [0, *accumulate(lengths)]

    def passages(self) -> list[Passage]:
        found: list[Passage] = []
        limits = self._limits
        sections = sections_of(self._document.blocks, self._atoms)
        for section in grouped(sections, self._target, limits.smallest):
            for first, last in self._with_overlap(section, self._best(section)):
                start, end = self._atoms[first].start, self._atoms[last - 1].end
                headings = self._headings.above(self._atoms[first].block)
                for passage in self._fitting(start, end, headings):
                    found.append(replace(passage, ordinal=len(found)))
        return found

    def _best(self, section: Section) -> list[int]:
        """Where passages begin: the way to cut the section that costs least in all."""
        first, last = section.first, section.last
        costs = {first: 0.0}
        before = {first: first}
        for end in range(first + 1, last + 1):
            cost, start = min(self._ways(costs, first, end))
            costs[end], before[end] = cost, start
        starts = []
        while last > first:
            last = before[last]
            starts.append(last)
        return starts[::-1]

    def _ways(self, costs: dict[int, float], first: int, end: int) -> Iterator[tuple[float, int]]:
        """What it costs in all when the last passage goes from a start to `end`."""
        for start in range(end - 1, first - 1, -1):
            if start < end - 1 and not self._has_room(start, end):
                return
            excess = (self._sums[end] - self._sums[start]) / self._target - 1
            border = self._atoms[start].border if start > first else 0.0
            yield costs[start] + border + excess * excess, start

    def _has_room(self, start: int, end: int) -> bool:
        room = self._room - self._headings.tokens(self._atoms[start].block)
        letters = self._atoms[end - 1].end - self._atoms[start].start
        return self._sums[end] - self._sums[start] <= room and letters <= _CHARACTERS * self._room

    def _with_overlap(self, section: Section, starts: list[int]) -> Iterator[tuple[int, int]]:
        """First and last atom of each passage, with what it repeats of the one before."""
        earliest = section.first
        for start, end in pairwise((*starts, section.last)):
            first = start
            while first > earliest and self._repeats(first - 1, start, end):
                first -= 1
            yield first, end
            begun = self._begin(self._atoms[first].start)
            while earliest < end and self._atoms[earliest].start <= begun:
                earliest += 1

    def _begin(self, start: int) -> int:
        """Where a passage from there on has its first character."""
        while start < len(self._text) and self._text[start] == "\n":
            start += 1
        return start

    def _repeats(self, first: int, start: int, end: int) -> bool:
        most, overlap = self._limits.overlap, self._sums[start] - self._sums[first]
        return 0 < most >= overlap and self._has_room(first, end)  # some atoms have no token

    def _fitting(self, start: int, end: int, headings: tuple[str, ...]) -> Iterator[Passage]:
        """One passage; several where words are cut into tokens in another way than was counted."""
        start = min(self._begin(start), end)
        end = start + len(self._text[start:end].rstrip())
        if start == end:
            return
        passage = self._passage(start, end, headings)
        if passage.tokens <= self._counter.limit:
            yield passage
        elif headings:
            yield from self._fitting(start, end, headings[1:])
        else:
            middle = _word_border(self._text, start, end)
            yield from self._fitting(start, middle, headings)
            yield from self._fitting(middle, end, headings)

    def _passage(self, start: int, end: int, headings: tuple[str, ...]) -> Passage:
        blocks = self._document.blocks
        first, last = (bisect_right(self._block_starts, at) - 1 for at in (start, end - 1))
        pages = [block.page for block in blocks[first : last + 1] if block.page is not None]
        low, high = (min(pages), max(pages)) if pages else (None, None)
        turns = tuple(self._turns(first, last))
        passage = Passage(0, self._text[start:end], start, end, 0, headings, low, high, turns)
        tokens = len(self._counter.spans(passage.embedded_text)) + self._counter.special
        return replace(passage, tokens=tokens)

    def _turns(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """Where a block of these begins another page."""
        current = self._document.blocks[first].page
        for place in range(first + 1, last + 1):
            page = self._document.blocks[place].page
            if page is not None and page != current:
                yield self._block_starts[place], page
                current = page


class _Headings:
    """What is told of the headings above a passage: the document's title, then the path to it.

    A title that is a heading, too, is told only of what it stands above.
    """

    def __init__(self, document: Parsed, counter: TokenCounter, most: int) -> None:
        self._counter = counter
        self._most = most
        self._paths = heading_paths(document.blocks)
        in_text = any(b.kind == "heading" and b.text == document.title for b in document.blocks)
        self._title = () if in_text or not document.title else (document.title,)
        self._known: dict[tuple[str, ...], tuple[tuple[str, ...], int]] = {}

    def above(self, block: int) -> tuple[str, ...]:
        return self._told(block)[0]

    def tokens(self, block: int) -> int:
        return self._told(block)[1]

    def _told(self, block: int) -> tuple[tuple[str, ...], int]:
        path = self._paths[block]
        if path not in self._known:
            self._known[path] = self._shortened(path)
        return self._known[path]

    def _shortened(self, path: tuple[str, ...]) -> tuple[tuple[str, ...], int]:
        """Without the outermost ones where they are too long."""
        kept = [_clipped(heading) for heading in (*self._title, *path)]
        while kept and (tokens := self._count(kept)) > self._most:
            if len(kept) > 1 or len(kept[0]) < _SHORTEST_HEADING:
                del kept[0]
            else:
                kept[0] = _clipped(kept[0], len(kept[0]) // 2)
        return tuple(kept), tokens if kept else 0

    def _count(self, headings: list[str]) -> int:
        return len(self._counter.spans(" > ".join(headings)))


def _clipped(heading: str, most: int = _HEADING_CHARACTERS) -> str:
    return heading if len(heading) <= most else heading[: most - 1].rstrip() + "\u2026"


def _word_border(text: str, start: int, end: int) -> int:
    """Near the middle, between words if there are any."""
    middle = (start + end) // 2
    space = text.rfind(" ", start + 1, middle + 1)
    return space if space > start else max(middle, start + 1)
