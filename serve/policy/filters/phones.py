"""Telephone numbers: by their own shape where it is plain, else by the words around them."""

import re
from typing import Final

from serve.policy.filters.scanner import CONTEXT, Form

MOST_GROUPS: Final = 6  # of digits

_NUMBER: Final = re.compile(
    r"(?:\+|00)? ?(?:\d{1,3}[ .-]?)?(?:\(\d{1,4}\)[ .\-/]?)?\d(?:[ .\-/]?\d){3,12}"
    r"(?: ?(?:x|ext\.?) ?\d{1,6})?(?![\w@])"
)
_GROUP: Final = re.compile(r"\d+")
_EXTENSION: Final = re.compile(r" ?(?:x|ext\.?) ?\d{1,6}\Z")
_INTERNATIONAL: Final = re.compile(r"\+[1-9]|00[1-9]|011[ -][1-9]")
_NORTH_AMERICAN: Final = re.compile(
    r"(?:1[ .-])?(?:\([2-9]\d\d\) ?|[2-9]\d\d([ .-]))\d{3}[ .-]\d{4}\Z"
)
_TRUNK: Final = re.compile(r"\(?0[1-9]")
_DATED: Final = re.compile(r"(?:19|20)\d\d[ ./-]|\d\d?[./-]\d\d?[./-](?:19|20)\d\d")
_BEFORE: Final = re.compile(
    r"\b(?:(?:tele)?phones?|tel|mobile|cell(?:ular)?|fax|call(?:ed|ing)?|dial|ring|reach|contact|text"
    r"|sms|messages?|whatsapp|answering|registered|desk|office|line|hotline|voicemail|handy|mobil"
    r"|my number is|telefono?|telefone|t[ée]l(?:[ée]phone)?|m[óo]vil|celular|portable|anrufen"
    r"|rufnummer|numéro|kontakt|puhelin|telefonnummer)\b[^\d]{0,24}\Z",
    re.IGNORECASE,
)
_BEHIND: Final = re.compile(
    r"[\s,(-]{1,2}(?:office|fax|mobile|cell|home|work|desk|phone|tel)\b", re.IGNORECASE
)
_AHEAD: Final = 9  # characters that `_BEHIND` may need, and one more


def _phone(text: str, start: int) -> int:
    found = _NUMBER.match(text, start)
    if found is None:
        return 0
    number = _EXTENSION.sub("", found[0])
    groups = [len(group) for group in _GROUP.findall(number)]
    if not 7 <= sum(groups) <= 15 or len(groups) > MOST_GROUPS or _DATED.match(number):
        return 0
    if _is_plain(number, groups) or _is_named(text, start, found.end()):
        return found.end()
    return 0


def _is_plain(number: str, groups: list[int]) -> bool:
    """Whether it looks like a telephone number and like nothing else. `groups`: their digits."""
    digits = sum(groups)
    if _INTERNATIONAL.match(number):
        return digits >= 9
    if _NORTH_AMERICAN.match(number):
        return True
    if number.startswith("("):
        return digits <= 11 and 2 <= groups[0] <= 4 and min(groups) >= 2 and digits - groups[0] >= 6
    local = 9 <= digits <= 12 and len(groups) >= 2 and max(groups) <= 8
    return local and bool(_TRUNK.match(number))


def _is_named(text: str, start: int, end: int) -> bool:
    before = text[max(0, start - CONTEXT) : start]
    return bool(_BEFORE.search(before) or _BEHIND.match(text, end))


PHONES: Final = Form(
    "phone",
    re.compile(r"(?<![\w./+-])(?<!\d,)(?:\+|00)?\(?\d"),
    r"(?<![\w./+-])(?<!\d,)[+(\d][\d ().\-/]{0,39}(?: ?(?:x|e(?:xt?\.?)?) ?\d{0,6})?"
    rf"(?:[\s,(-][\s,(A-Za-z-]{{0,{_AHEAD - 1}}})?",
    _phone,
)
