"""Lines of a PDF's page to paragraphs: by the space between them, indents and line ends."""

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise
from statistics import median
from typing import Final

from index.parsing.pdf.lines import Line

_SPACED: Final = 1.3  # times the usual distance of two lines: a new paragraph
_INDENT: Final = 0.8  # times the size of the type
_RESIZED: Final = 0.15  # share by which the type's size differs: something else begins
_FULL: Final = 0.88  # share of the paragraph's width: the line ends because there is no more room
_OVERLAP: Final = 0.35  # of the lower line's height
_PROSE: Final = 40  # characters in a line: shorter ones are addresses, receipts, verses
_ITEM: Final = re.compile(r"(?:[•‣◦▪\u2013*-]|\(?\d{1,2}[.)]|\(?[a-z][.)])\s")
_SENTENCE_END: Final = re.compile(r"[.!?:;][\"'\u201d\u2019)\]]*$")
_LAST_PART: Final = re.compile(r"[\w-]+$")
_FIRST_PART: Final = re.compile(r"\w+")


def paragraphs(lines: Sequence[Line], levels: dict[int, int]) -> Iterator[list[Line]]:
    """Lines that belong together; those of a heading are of one level, and of nothing else."""
    usual = _usual_distance(lines)
    group: list[Line] = []
    for line in lines:
        same_level = bool(group) and levels.get(id(line)) == levels.get(id(group[-1]))
        if group and not (same_level and _belongs(group, line, usual)):
            yield group
            group = []
        group.append(line)
    if group:
        yield group


def joined(lines: Sequence[Line], words: Collection[str]) -> str:
    """One text. Lines that end early stay lines. `words`: the document's, to judge hyphens by."""
    right, left = max(line.right for line in lines), min(line.left for line in lines)
    text = lines[0].text
    for before, line in pairwise(lines):
        if before.hyphen:
            text = _unhyphenated(text, line.text, words)
        elif _same_row(before, line) or _runs_on(before, line, left, right):
            text = f"{text} {line.text}"
        else:
            text = f"{text}\n{line.text}"
    return f"{text}-" if lines[-1].hyphen else text


def _runs_on(before: Line, line: Line, left: float, right: float) -> bool:
    """The second line goes on with the first one's sentence, which had no more room."""
    full = before.right - left >= _FULL * (right - left) or _moved_up(before, line)
    if not full or before.sparse or line.sparse or _ITEM.match(line.text):
        return False
    return len(before.text) >= _PROSE or line.text[0].islower()


def _unhyphenated(before: str, after: str, words: Collection[str]) -> str:
    """A hyphen at a line's end is dropped, unless the document has the word with it elsewhere."""
    first, last = _LAST_PART.search(before), _FIRST_PART.match(after)
    if not first or not last or not last[0][0].islower():
        return f"{before}-{after}"
    whole, parts = first[0] + last[0], f"{first[0]}-{last[0]}"
    keeps = whole.lower() not in words and parts.lower() in words
    return f"{before}-{after}" if keeps else before + after


def _usual_distance(lines: Sequence[Line]) -> float:
    steps = [a.bottom - b.bottom for a, b in pairwise(lines)]
    plain = [step for step, line in zip(steps, lines, strict=False) if 0 < step < 2.5 * line.height]
    return median(plain) if plain else 0.0


def _belongs(group: Sequence[Line], line: Line, usual: float) -> bool:
    last = group[-1]
    if _same_row(last, line):
        return True
    if abs(line.size - last.size) > _RESIZED * max(line.size, last.size):
        return False
    if _moved_up(last, line):
        return _goes_on(last, line)
    step = last.bottom - line.bottom
    if step > _SPACED * max(min(usual, 2.2 * last.size), last.size):
        return False
    indent = _INDENT * line.size
    if len(group) == 1:
        return True
    edge = min(other.left for other in group[1:])
    return abs(line.left - edge) < indent or not _SENTENCE_END.search(last.text)


def _same_row(last: Line, line: Line) -> bool:
    """Such as an exponent, or what stands behind a wide space."""
    overlap = min(last.top, line.top) - max(last.bottom, line.bottom)
    return overlap > _OVERLAP * min(last.height, line.height)


def _moved_up(last: Line, line: Line) -> bool:
    """To the next column."""
    return line.bottom > last.top


def _goes_on(last: Line, line: Line) -> bool:
    return last.hyphen or (not _SENTENCE_END.search(last.text) and line.text[:1].islower())
