"""Tables as text: columns parted by commas, semicolons, tabs or bars."""

import csv
from collections import Counter
from io import StringIO
from itertools import islice
from typing import Final

from index.parsing.blocks import Blocks
from index.parsing.content import Content, Source
from index.parsing.sheet import add_sheet

_SIGNS: Final = ",;\t|"
_SAMPLE: Final = 50  # rows
_CELL: Final = 10 * 1024 * 1024  # characters


def read(source: Source) -> Content:
    csv.field_size_limit(_CELL)
    sign = _sign(source.text)
    blocks = Blocks()
    add_sheet(blocks, list(csv.reader(StringIO(source.text), delimiter=sign)))
    return Content(blocks.found)


def _sign(text: str) -> str:
    """What parts the rows into equally many columns, and many."""
    return max(_SIGNS, key=lambda sign: _evenness(text, sign))


def _evenness(text: str, sign: str) -> float:
    rows = csv.reader(StringIO(text), delimiter=sign)
    widths = Counter(len(row) for row in islice(rows, _SAMPLE) if row)
    if not widths:
        return 0.0
    width, rows_of_it = widths.most_common(1)[0]
    return (width > 1) * rows_of_it / widths.total() + min(width, 20) / 1000
