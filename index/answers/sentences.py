"""Where sentences end, and the spans of a document that can be quoted."""

import re
from collections.abc import Iterator
from typing import Final

LONGEST: Final = 400  # characters of one span

_ABBREVIATED: Final = (
    "a.k.a al approx art bzw ca cf ch co corp dept dr e.g ed eds eq est etc excl fig figs ff "
    "gen gov hon i.e inc incl inkl jr ltd max min mr mrs ms mt nr no nos p par para pp prof "
    "pt rep resp rev sec sen sgt sr st str u.a usw vol vs z.b d.h evtl ggf vgl jan feb mar apr "
    "jun jul aug sep sept oct nov dec"
)
_ABBREVIATIONS = frozenset(_ABBREVIATED.split())
_LAST_WORD = re.compile(r"[^\s(\[\"'“\u2018]*$")
_DOTTED = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]|[^\W\d_a-z]")
_BOUND = re.compile(
    r"(?P<gap>\n[ \t]*\n\s*|\n(?=[ \t]*(?:[-*+•|]|\d{1,3}[.)])[ \t]))"
    r"|[.!?…][\"'”\u2019)\]*_»]*(?P<space>\s+)(?=[^\s])|[。\uff01\uff1f][」』”\u2019)]*(?P<none>)"
)
_WHITE = re.compile(r"\s")


def ends_sentence(before: str) -> bool:
    """Whether a full stop behind `before` ends a sentence, as far as that can be known from it."""
    found = _LAST_WORD.search(before)
    word = found[0] if found else ""
    if word.casefold() in _ABBREVIATIONS:
        return False
    return word == "I" or _DOTTED.fullmatch(word) is None


def spans(text: str) -> Iterator[tuple[int, int]]:
    """The sentences of a document's text, lines of lists and tables among them, in order.

    None is empty, longer than `LONGEST`, or begins or ends in white space.
    """
    begin = 0
    for bound in _BOUND.finditer(text):
        if _is_bound(text, bound):
            yield from _cut(text, begin, bound.end())
            begin = bound.end()
    yield from _cut(text, begin, len(text))


def _is_bound(text: str, bound: re.Match[str]) -> bool:
    if bound["gap"] is not None or bound["none"] is not None:
        return True
    if text[bound.end()].islower():
        return False
    at = bound.start()
    return text[at] != "." or ends_sentence(text[max(0, at - 24) : at])


def _cut(text: str, begin: int, end: int) -> Iterator[tuple[int, int]]:
    """`[begin:end]` without the white space around it, in pieces that are not too long."""
    while True:
        while begin < end and text[begin].isspace():
            begin += 1
        while end > begin and text[end - 1].isspace():
            end -= 1
        if end - begin <= LONGEST:
            break
        places = [m.start() for m in _WHITE.finditer(text, begin + LONGEST // 2, begin + LONGEST)]
        stop = places[-1] if places else begin + LONGEST
        yield begin, _trimmed(text, begin, stop)
        begin = stop
    if end > begin:
        yield begin, end


def _trimmed(text: str, begin: int, end: int) -> int:
    while end > begin and text[end - 1].isspace():
        end -= 1
    return end
