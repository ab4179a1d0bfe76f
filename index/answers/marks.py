"""Citation marks as models write them: `[1]`, `[1, 2]`, `[1-3]`, `【1†source】`, `(Source 1)`, …"""

import re
from typing import Final, NamedTuple

LIMIT: Final = 40  # characters of the longest mark
OPENERS: Final = "[【("
LABELS: Final = (
    *("source", "sources", "src", "doc", "docs", "document", "documents", "passage", "passages"),
    *("ref", "refs", "reference", "references", "citation", "cite", "quelle", "quellen", "fuente"),
)

_CLOSERS = {"[": "]", "[[": "]]", "【": "】", "(": ")"}
_LABEL = rf"(?:(?:{'|'.join(LABELS)})\b\s*[.:#]?\s*)"
_NUMBER = r"[\^#]?[1-9]\d?"
_AND = r"\s*(?:,\s*and\b|[,;&/\u2013-]|and\b)\s*"
_WHERE = r"\s*(?:[,:]\s*(?:pp?\.|pages?\b)|†)[^\n]*"
_MARK = re.compile(
    rf"\s*(?P<label>{_LABEL})?(?P<numbers>{_NUMBER}(?:{_AND}{_LABEL}?{_NUMBER})*)(?:{_WHERE})?\s*",
    re.IGNORECASE,
)
_RANGE = re.compile(r"([1-9]\d?)(?:\s*[\u2013-]\s*([1-9]\d?))?")
_START = re.compile(r"[\s^#]*([A-Za-z]*)")


class Reading(NamedTuple):
    """`length` characters are a mark for `numbers`; length 0: this is no mark."""

    length: int
    numbers: tuple[int, ...] = ()


NO_MARK: Final = Reading(0)


def read(text: str, at: int, known: int, final: bool) -> Reading | None:
    """The mark that opens at `at`, where sources 1 to `known` exist. None: more text must come.

    What it says of a text it says of every longer one. A single number that no source has is a
    mark still (models make them up); several are an interval of numbers, not a mark. A number
    alone in parentheses is a mark only at the end of a clause and when such a source exists.
    """
    opener = "[[" if text.startswith("[[", at) else text[at]
    closer, begin = _CLOSERS[opener], at + len(opener)
    end = text.find(closer, begin, at + LIMIT)
    if end < 0:
        inner = text[begin : at + LIMIT]
        hopeless = final or len(text) - at >= LIMIT or not _may_become(inner)
        return NO_MARK if hopeless else None
    found = _MARK.fullmatch(text, begin, end)
    if found is None or "\n" in found[0]:
        return NO_MARK
    reading = Reading(end + len(closer) - at, _numbers(found["numbers"]))
    if found["label"] or (opener != "(" and _is_plausible(reading.numbers, known)):
        return reading
    if opener != "(" or max(reading.numbers) > known:
        return NO_MARK
    return _at_the_end_of_a_clause(text, end + 1, final, reading)


def _may_become(inner: str) -> bool:
    """Whether what came so far is the beginning of a mark's inside."""
    if "\n" in inner:
        return False
    begun = _START.match(inner)
    assert begun is not None
    word = begun[1].casefold()
    if begun.end() == len(inner):
        return any(label.startswith(word) for label in LABELS)
    return word in LABELS or (not word and inner[begun.end()].isdigit())


def _is_plausible(numbers: tuple[int, ...], known: int) -> bool:
    return len(numbers) == 1 or min(numbers) <= known


def _at_the_end_of_a_clause(text: str, after: int, final: bool, reading: Reading) -> Reading | None:
    if after == len(text):
        return reading if final else None
    return reading if text[after] in ".!?;\n" else NO_MARK


def _numbers(text: str) -> tuple[int, ...]:
    """In order, each once; `1-3` is three of them."""
    found: dict[int, None] = {}
    for first, last in _RANGE.findall(text):
        stop = int(last) if last and int(first) < int(last) <= int(first) + 9 else int(first)
        found.update(dict.fromkeys(range(int(first), stop + 1)))
        if last:
            found[int(last)] = None
    return tuple(found)
