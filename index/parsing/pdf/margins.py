"""What stands on every page's edge: running titles and page numbers, which are nobody's text."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from index.parsing.pdf.lines import Line

_EDGE: Final = 0.1  # share of a page's height at either end
_REPEATED: Final = 3  # pages
_PLACE: Final = 6.0  # points: pages do not agree to the last one
_DIGITS: Final = re.compile(r"\d+|\b[ivxlc]+\b")
_NUMBER: Final = re.compile(
    r"(?:page|seite)?\W*(?:\d{1,4}|[ivxlc]+)(?:\s*(?:/|of|von)\s*\d+)?\W*", re.I
)

Key = tuple[str, int]


def without_margins(pages: Sequence[Sequence[Line]], heights: Sequence[float]) -> list[list[Line]]:
    """The pages' lines without what repeats at their edges."""
    pairs = list(zip(pages, heights, strict=True))
    seen = Counter(key for lines, height in pairs for key in {k for _, k in _edges(lines, height)})
    repeated = {key for key, pages_with_it in seen.items() if pages_with_it >= _REPEATED}
    return [_inner(lines, height, repeated) for lines, height in pairs]


def _inner(lines: Sequence[Line], height: float, repeated: set[Key]) -> list[Line]:
    """Of a page with nothing but edges, all."""
    dropped = {id(line) for line, key in _edges(lines, height) if key in repeated}
    dropped |= {id(line) for line in _outermost(lines) if _NUMBER.fullmatch(line.text)}
    return [line for line in lines if id(line) not in dropped] or list(lines)


def _outermost(lines: Sequence[Line]) -> Sequence[Line]:
    if not lines:
        return ()
    return min(lines, key=lambda line: line.bottom), max(lines, key=lambda line: line.top)


def _edges(lines: Sequence[Line], height: float) -> Iterator[tuple[Line, Key]]:
    """The lines at the edges, each with its text, numbers apart, and its place."""
    for line in lines:
        if line.bottom < _EDGE * height or line.top > (1 - _EDGE) * height:
            yield line, (_DIGITS.sub("#", line.text.lower()), round(line.bottom / _PLACE))
