"""Which lines of a PDF are headings: those its outline names, or those in larger or bolder type."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final

import pypdfium2 as pdfium

from index.parsing.pdf.lines import Line

_LARGER: Final = 1.12  # times the size of the body's type
_LONGEST: Final = 150  # characters of a heading
_LONGEST_BOLD: Final = 80
_ALIKE: Final = 0.9  # sizes of type that differ by less are one
_LEVELS: Final = 4  # of type: what is smaller still counts as the last
_TOO_MANY: Final = 0.3  # share of lines: then type means nothing here
_AGREE: Final = 0.5  # share of an outline's titles that are found on their pages
_OUTLINE: Final = 5000  # titles
_WORDS: Final = re.compile(r"[^\W\d_]+")

Page = Sequence[Line]
Levels = dict[int, int]  # by the id of a line


def heading_levels(document: pdfium.PdfDocument, pages: Sequence[Page]) -> Levels:
    return _by_outline(document, pages) or _by_type(pages)


def _by_outline(document: pdfium.PdfDocument, pages: Sequence[Page]) -> Levels:
    """Empty where there is no outline, or it names what is not there."""
    found: Levels = {}
    titles = missing = 0
    for title, page, level in _outline(document):
        titles += 1
        on_page = pages[page] if 0 <= page < len(pages) else ()
        lines = [line for line in on_page if _words(line.text) == _words(title)]
        if lines:
            largest = max(lines, key=lambda line: line.size)  # the others: a running title
            found[id(largest)] = min(level, 6)
        else:
            missing += 1
    return found if titles and missing <= (1 - _AGREE) * titles else {}


def _outline(document: pdfium.PdfDocument) -> Iterator[tuple[str, int, int]]:
    """Title, page from 0, level from 1."""
    for number, mark in enumerate(document.get_toc(max_depth=6)):
        target = mark.get_dest()
        page = target.get_index() if target else None
        if page is not None and _words(mark.get_title()):
            yield mark.get_title(), page, mark.level + 1
        if number > _OUTLINE:
            return


def _words(text: str) -> list[str]:
    return _WORDS.findall(text.lower())


def _by_type(pages: Sequence[Page]) -> Levels:
    lines = [line for page in pages for line in page]
    body = _body_size(lines)
    sized = [line for line in lines if line.size >= _LARGER * body and _is_title(line, _LONGEST)]
    if len(sized) > _TOO_MANY * len(lines):
        sized = []
    sizes = _distinct(line.size for line in sized)
    found = {id(line): _rank(sizes, line.size) for line in sized}
    bold = [line for page in pages for line in _bold(page, body) if id(line) not in found]
    if len(bold) <= _TOO_MANY * len(lines):
        found |= {id(line): min(len(sizes) + 1, _LEVELS) for line in bold}
    return found


def _distinct(sizes: Iterable[float]) -> list[float]:
    """The largest of each kind, largest first: pages are scaled, and differ a little."""
    found: list[float] = []
    for size in sorted(sizes, reverse=True):
        if not found or size < _ALIKE * found[-1]:
            found.append(size)
    return found


def _rank(sizes: Sequence[float], size: float) -> int:
    """Its level, from 1."""
    return min(sum(size < _ALIKE * larger for larger in sizes) + 1, _LEVELS)


def _body_size(lines: Sequence[Line]) -> float:
    """The size in which most characters are printed."""
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[line.size] += len(line.text)
    return sizes.most_common(1)[0][0] if sizes else 0.0


def _bold(page: Page, body: float) -> Iterator[Line]:
    """Short bold lines of the body's size, with what is not bold below them."""
    for line, below in pairwise(page):
        alone = line.bold and not below.bold and line.bottom >= below.top - 0.5 * line.height
        if alone and line.size >= body - 0.5 and _is_title(line, _LONGEST_BOLD):
            yield line


def _is_title(line: Line, longest: int) -> bool:
    letters = sum(char.isalpha() for char in line.text)
    wordy = letters >= 3 and letters > 0.5 * len(line.text)
    return wordy and len(line.text) <= longest and not line.sparse
