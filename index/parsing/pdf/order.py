"""The order of reading, where a file has its lines in another."""

from collections.abc import Callable, Sequence
from typing import Final

from index.parsing.pdf.lines import Line

_LATE: Final = 0.25  # share of a page's lines before its highest: from here on the order is odd
_GUTTER: Final = 10.0  # points between two columns, at least
_DEEPEST: Final = 40  # cuts in cuts


def in_reading_order(lines: Sequence[Line]) -> list[Line]:
    """As the file has them when they begin at the top; else by the white space between them."""
    if len(lines) < 3:
        return list(lines)
    highest = max(range(len(lines)), key=lambda i: lines[i].top)
    return list(lines) if highest <= _LATE * len(lines) else _cut(lines, 0)


def _cut(lines: Sequence[Line], depth: int) -> list[Line]:
    """Columns first, where a gutter parts them; then at the widest space from top to bottom."""
    if len(lines) < 2 or depth > _DEEPEST:
        return sorted(lines, key=lambda line: (-line.bottom, line.left))
    gap, parts = _widest(lines, lambda line: (line.left, line.right))
    if gap < _GUTTER or min(map(len, parts)) < 2:
        gap, parts = _widest(lines, lambda line: (-line.top, -line.bottom))
    if gap <= 0:
        return sorted(lines, key=lambda line: (-line.bottom, line.left))
    return [line for part in parts for line in _cut(part, depth + 1)]


def _widest(
    lines: Sequence[Line], extent: Callable[[Line], tuple[float, float]]
) -> tuple[float, tuple[Sequence[Line], Sequence[Line]]]:
    """The widest space along one axis, and the lines on either side of it."""
    ordered = sorted(lines, key=lambda line: extent(line)[0])
    reached = extent(ordered[0])[1]
    best, place = 0.0, 0
    for i, line in enumerate(ordered[1:], 1):
        start, end = extent(line)
        if start - reached > best:
            best, place = start - reached, i
        reached = max(reached, end)
    return best, (ordered[:place], ordered[place:])
