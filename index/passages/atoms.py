"""What a document's text may be cut into: sentences, lines and rows, and parts of long ones."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from index.documents import BLOCK_GAP, Block, Parsed
from models.tokens import TokenCounter

# How much it costs to begin a passage there, against a passage that is empty or twice too long.
BLOCK, EMPTY_LINE, LINE, SENTENCE, WORD, LETTER = 0.0, 0.05, 0.1, 0.15, 0.6, 1.0
AFTER_HEADING: Final = 1.5  # a heading is nothing without what it stands above
HEADING: Final = -0.2

_CHARACTERS: Final = 400  # of an atom
_COUNTED: Final = 50_000  # characters that are given to the tokenizer at once
_LINE: Final = re.compile(r"[^\n]*\n*")
_PART: Final = re.compile(r"\S{1,40}\s*|\s+")
_SENTENCE_END: Final = re.compile(
    r"[.!?\u2026][\"'\u201d\u2019)\]]*\s+(?=[\"'\u201c\u2018(\[]?[^\W_a-z])|[\u3002\uff01\uff1f]+"
)
_ABBREVIATION: Final = re.compile(
    r"(?:\b[A-Z]|\b(?:Mr|Mrs|Ms|Dr|Prof|Fig|Figs|Eq|No|Nr|vs|cf|al|Inc|Ltd|Co|St|ca|bzw|Abb))\.\s+$"
)


@dataclass(frozen=True, slots=True)
class Atom:
    """`text[start:end]` of a document, white space behind it included.

    `border`: what it costs to begin a passage here. `block` counts from 0.
    """

    start: int
    end: int
    tokens: int
    border: float
    block: int


def atoms_of(document: Parsed, counter: TokenCounter, largest: int) -> Iterator[Atom]:
    """All of a document, in order. None has more than `largest` tokens, as far as words allow."""
    start, before = 0, ""
    for number, block in enumerate(document.blocks):
        starts = _token_starts(block.text, counter)
        border = AFTER_HEADING if before == "heading" else _block_border(block)
        for left, right, inner in _pieces(block, starts, largest):
            tokens = _tokens(starts, left, right)
            cost = border if left == 0 else inner
            yield Atom(start + left, start + right, tokens, cost, number)
        start += len(block.text) + len(BLOCK_GAP)
        before = block.kind


def _block_border(block: Block) -> float:
    return HEADING if block.kind == "heading" else BLOCK


Piece = tuple[int, int, float]


def _pieces(block: Block, starts: Sequence[int], largest: int) -> Iterator[Piece]:
    for start, end, border in _sentences(block):
        too_long = _tokens(starts, start, end) > largest or end - start > _CHARACTERS
        if too_long:
            yield from _parts(block.text, (start, end, border), starts, largest)
        else:
            yield start, end, border


def _sentences(block: Block) -> Iterator[Piece]:
    """Lines of a list, table or code; of prose also their sentences."""
    border = LINE
    for line in _LINE.finditer(block.text):
        if line.end() == line.start():
            continue
        at = line.start()
        for end in _sentence_ends(line[0]) if block.kind == "text" else ():
            yield at, line.start() + end, border
            at, border = line.start() + end, SENTENCE
        if at < line.end():
            yield at, line.end(), border
        border = EMPTY_LINE if line[0].endswith("\n\n") else LINE


def _sentence_ends(line: str) -> Iterator[int]:
    for found in _SENTENCE_END.finditer(line):
        start = max(0, found.end() - 16)
        if not _ABBREVIATION.search(line[start : found.end()]) and found.end() < len(line):
            yield found.end()


def _parts(text: str, piece: Piece, starts: Sequence[int], largest: int) -> Iterator[Piece]:
    """A long sentence between its words; a long word where it must be."""
    at, end, border = piece
    left = at
    for part in _PART.finditer(text, at, end):
        long = part.end() - left > _CHARACTERS or _tokens(starts, left, part.end()) > largest
        if long and part.start() > left:
            yield left, part.start(), border
            left, border = part.start(), WORD if text[part.start() - 1].isspace() else LETTER
    yield left, end, border


def _tokens(starts: Sequence[int], left: int, right: int) -> int:
    return bisect_left(starts, right) - bisect_left(starts, left)


def _token_starts(text: str, counter: TokenCounter) -> list[int]:
    """Where tokens begin; long texts are counted in parts, between words."""
    found: list[int] = []
    at = 0
    while at < len(text):
        end = _space_before(text, at, at + _COUNTED)
        found += [at + start for start, _ in counter.spans(text[at:end])]
        at = end
    return found


def _space_before(text: str, start: int, end: int) -> int:
    if end >= len(text):
        return len(text)
    space = max(text.rfind(" ", start, end), text.rfind("\n", start, end))
    return space + 1 if space > start else end
