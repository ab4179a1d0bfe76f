"""Tables as text: a row is a line, cells stand between bars."""

from collections.abc import Iterator, Sequence
from typing import Final

TABLE_CHARACTERS: Final = 700  # one block's rows: what a passage can hold, numbers included
HEADER_CHARACTERS: Final = 250  # a longer header is not repeated: it would crowd out the rows

Row = Sequence[str]


def table_texts(rows: Sequence[Row], header: bool) -> Iterator[str]:
    """The table in pieces of some `TABLE_CHARACTERS`, each under the first row if `header`.

    Rows and columns without text are left out.
    """
    lines = [" | ".join(row) for row in _filled(rows)]
    head = lines[0] if header and len(lines) > 1 and len(lines[0]) <= HEADER_CHARACTERS else ""
    piece: list[str] = []
    size = 0
    for line in lines:
        if piece and size + len(line) > TABLE_CHARACTERS:
            yield "\n".join(piece)
            piece, size = ([head], len(head)) if head else ([], 0)
        piece.append(line)
        size += len(line)
    if piece:
        yield "\n".join(piece)


def looks_like_header(rows: Sequence[Row]) -> bool:
    """The first row names the columns: every cell has a text of its own that is no number."""
    if len(rows) < 2:
        return False
    cells = [cell for cell in rows[0] if cell]
    width = max(len([cell for cell in row if cell]) for row in rows[:20])
    plain = all(len(cell) <= 80 and not _numeric(cell) for cell in cells)
    return plain and len(set(cells)) == len(cells) and 2 * len(cells) > width


def _filled(rows: Sequence[Row]) -> list[list[str]]:
    width = max(map(len, rows), default=0)
    used = [i for i in range(width) if any(i < len(row) and row[i] for row in rows)]
    full = ([row[i] if i < len(row) else "" for i in used] for row in rows)
    return [row for row in full if any(row)]


def _numeric(cell: str) -> bool:
    return cell.lstrip("+-$€£(").rstrip("%)")[:1].isdigit()
