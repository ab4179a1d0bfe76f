"""A document's sections: what stands under one heading of the first or second level."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from index.documents import Block
from index.passages.atoms import Atom

_SECTION_LEVEL: Final = 2


@dataclass(frozen=True, slots=True)
class Section:
    """Atoms `first` to `last` (not included). `parent` tells the chapters apart."""

    first: int
    last: int
    parent: int
    tokens: int


def sections_of(blocks: Sequence[Block], atoms: Sequence[Atom]) -> Iterator[Section]:
    """All atoms, in order."""
    first = parent = tokens = 0
    for place, atom in enumerate(atoms):
        begins = place > 0 and atom.block != atoms[place - 1].block
        block = blocks[atom.block]
        if begins and block.kind == "heading" and block.level <= _SECTION_LEVEL:
            yield Section(first, place, parent, tokens)
            first, tokens = place, 0
            parent = atom.block if block.level == 1 else parent
        tokens += atom.tokens
    if atoms:
        yield Section(first, len(atoms), parent, tokens)


def grouped(sections: Iterator[Section], target: int, smallest: int) -> Iterator[Section]:
    """Small neighbours in one chapter made one; of small chapters, too, those that fit together."""
    before: Section | None = None
    for section in sections:
        if before and _joins(before, section, target, smallest):
            tokens = before.tokens + section.tokens
            before = Section(before.first, section.last, section.parent, tokens)
        else:
            if before:
                yield before
            before = section
    if before:
        yield before


def _joins(before: Section, section: Section, target: int, smallest: int) -> bool:
    small = before.tokens < smallest, section.tokens < smallest
    if before.tokens + section.tokens > target and not small[0]:
        return False
    return any(small) if before.parent == section.parent else all(small)


def heading_paths(blocks: Sequence[Block]) -> list[tuple[str, ...]]:
    """For each block, the headings that it stands under, itself left out."""
    found: list[tuple[str, ...]] = []
    open_headings: list[Block] = []
    for block in blocks:
        if block.kind == "heading":
            open_headings = [one for one in open_headings if one.level < block.level]
        found.append(tuple(one.text for one in open_headings))
        if block.kind == "heading":
            open_headings.append(block)
    return found
