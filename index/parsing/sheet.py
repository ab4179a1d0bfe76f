"""A sheet of cells to blocks: what stands above the table, its header, its rows."""

from collections.abc import Sequence
from typing import Final

from index.parsing.blocks import Blocks
from index.parsing.tables import looks_like_header

_PREAMBLE: Final = 10  # rows, at most, that tell what the table is about


def add_sheet(blocks: Blocks, rows: Sequence[Sequence[str]]) -> None:
    """Parts of a sheet stand between empty rows."""
    part: list[Sequence[str]] = []
    for row in rows:
        if "".join(row).strip():
            part.append(row)
        else:
            _add_part(blocks, part)
            part = []
    _add_part(blocks, part)


def _add_part(blocks: Blocks, rows: list[Sequence[str]]) -> None:
    start = 0
    while start < min(len(rows) - 1, _PREAMBLE) and _filled(rows[start]) == 1 < _filled(rows[-1]):
        blocks.text(" ".join(rows[start]))
        start += 1
    if rows[start:] and max(map(_filled, rows[start:])) == 1:
        blocks.text("\n".join(" ".join(row) for row in rows[start:]))
    else:
        blocks.table(rows[start:], looks_like_header(rows[start:]))


def _filled(row: Sequence[str]) -> int:
    return sum(1 for cell in row if cell.strip())
