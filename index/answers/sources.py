"""The numbered sources that an answer cites: passages, put together where they are neighbours."""

from collections.abc import Sequence
from dataclasses import dataclass

from index.documents import BLOCK_GAP, Hit, StoredPassage


@dataclass(frozen=True, slots=True)
class Part:
    """`text` is the document's text from `start` on."""

    start: int
    text: str

    @property
    def end(self) -> int:
        return self.start + len(self.text)


@dataclass(frozen=True, slots=True)
class Source:
    """`hits` are neighbours in one document, in its order; no part repeats what another says."""

    number: int
    hits: tuple[Hit, ...]
    parts: tuple[Part, ...]

    @property
    def first(self) -> StoredPassage:
        return self.hits[0].found

    @property
    def text(self) -> str:
        return BLOCK_GAP.join(part.text for part in self.parts)

    @property
    def names(self) -> tuple[str, ...]:
        """What the document and the sections are called."""
        headings = [heading for hit in self.hits for heading in hit.found.passage.headings]
        return tuple(dict.fromkeys([self.first.document_name, *headings]))

    @property
    def score(self) -> float:
        return max(hit.score for hit in self.hits)

    def passage_at(self, place: int) -> StoredPassage:
        """The passage that holds this place of the document's text, or the last before it."""
        before = [hit.found for hit in self.hits if hit.found.passage.start <= place]
        holding = [found for found in before if place < found.passage.end]
        return (holding or before or [self.first])[-1]


def numbered(hits: Sequence[Hit]) -> tuple[Source, ...]:
    """Sources in the order of their best hit; a passage that comes twice counts once."""
    groups: list[list[Hit]] = []
    for hit in {hit.found.id: hit for hit in reversed(hits)}.values():
        touching = [group for group in groups if any(_touch(hit, other) for other in group)]
        groups = [group for group in groups if group not in touching]
        groups.append([hit, *(other for group in touching for other in group)])
    rank = {hit.found.id: place for place, hit in reversed(list(enumerate(hits)))}
    groups.sort(key=lambda group: min(rank[hit.found.id] for hit in group))
    return tuple(_source(number, group) for number, group in enumerate(groups, 1))


def _touch(one: Hit, other: Hit) -> bool:
    """Whether nothing but a gap between blocks lies between two passages of one document."""
    a, b = one.found, other.found
    if (a.collection, a.document) != (b.collection, b.document):
        return False
    first, second = sorted((a.passage, b.passage), key=lambda passage: passage.start)
    return second.start - first.end <= len(BLOCK_GAP)


def _source(number: int, hits: Sequence[Hit]) -> Source:
    ordered = sorted(hits, key=lambda hit: (hit.found.passage.start, hit.found.passage.end))
    parts: list[Part] = []
    for hit in ordered:
        passage = hit.found.passage
        if not parts or passage.start > parts[-1].end:
            parts.append(Part(passage.start, passage.text))
        elif passage.end > parts[-1].end:
            new = passage.text[parts[-1].end - passage.start :]
            parts[-1] = Part(parts[-1].start, parts[-1].text + new)
    return Source(number, tuple(ordered), tuple(parts))
