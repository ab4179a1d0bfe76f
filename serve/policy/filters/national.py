"""Numbers that a state gave to a person: those whose form or check digit tells them from others."""

import re
from collections.abc import Callable
from typing import Final

from serve.policy.filters.checksums import luhn, verhoeff, weighted
from serve.policy.filters.scanner import CONTEXT, Form

_NOT: Final = re.compile(r"[^A-Z0-9]")
_END: Final = r"(?![\w-]|\.\d)"
_SPANISH: Final = "TRWAGMYFPDXBNJZSQVHLCKE"
_FINNISH: Final = "0123456789ABCDEFHJKLMNPRSTUVWXY"
_ODD: Final = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25)
_ITALIAN: Final = (*_ODD, 24, 23)


def _american(code: str) -> bool:
    """Social Security: areas, groups and serials that are given out. Nine digits."""
    return (
        code[:3] not in ("000", "666")
        and code[0] != "9"
        and code[3:5] != "00"
        and (code[5:] != "0000")
    )


def _spanish(code: str) -> bool:
    number = {"X": "0", "Y": "1", "Z": "2"}.get(code[0], code[0]) + code[1:-1]
    return code[-1] == _SPANISH[int(number) % 23]


def _italian(code: str) -> bool:
    total = 0
    for place, char in enumerate(code[:15]):
        value = int(char) if char.isdigit() else ord(char) - 65
        total += value if place % 2 else _ITALIAN[value]
    return code[15] == chr(65 + total % 26)


def _french(code: str) -> bool:
    return int(code[13:]) == 97 - int(code[:13]) % 97


def _brazilian(code: str) -> bool:
    first = 10 * weighted(code[:9], "A98765432", 11) % 11 % 10
    second = 10 * weighted(code[:10], "BA98765432", 11) % 11 % 10
    return code[9:] == f"{first}{second}"


def _finnish(code: str) -> bool:
    return code[-1] == _FINNISH[int(code[:6] + code[-4:-1]) % 31]


def _swiss(code: str) -> bool:
    return weighted(code, "1313131313131", 10) == 0


def _chinese(code: str) -> bool:
    powers = sum(int(digit) * 2 ** (17 - place) for place, digit in enumerate(code[:17]))
    return code[17] == "10X98765432"[powers % 11]


def _korean(code: str) -> bool:
    return 1 <= int(code[2:4]) <= 12 and 1 <= int(code[4:6]) <= 31


def _dutch(code: str) -> bool:
    return (weighted(code[:8], "98765432", 11) - int(code[8])) % 11 == 0 and code[0] + code[
        1
    ] != "00"


def _polish(code: str) -> bool:
    return weighted(code, "13791379131", 10) == 0


def _british(code: str) -> bool:
    return code[:2] not in ("BG", "GB", "NK", "KN", "TN", "NT", "ZZ")


Rule = tuple[re.Pattern[str], Callable[[str], bool]]


def _rule(pattern: str, check: Callable[[str], bool]) -> Rule:
    return re.compile(pattern + _END), check


_RULES: Final[tuple[Rule, ...]] = (
    _rule(r"\d{3}([- ])\d{2}\1\d{4}", _american),
    _rule(r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D]", _british),
    _rule(r"(?:[XYZ]-?\d{7}|\d{8})-?[A-Z]", _spanish),
    _rule(r"[A-Z]{6}\d\d[A-EHLMPR-T]\d\d[A-Z]\d{3}[A-Z]", _italian),
    _rule(r"[12] ?\d\d ?(?:0\d|1[0-2]) ?\d\d ?\d{3} ?\d{3} ?\d\d", _french),
    _rule(r"\d{3}\.\d{3}\.\d{3}-\d\d", _brazilian),
    _rule(r"\d{6}[-+A]\d{3}[0-9A-FHJ-NPR-Y]", _finnish),
    _rule(r"(?:19|20)?\d{6}[-+]\d{4}", lambda code: luhn(code[-10:])),  # Sweden
    _rule(r"756\.\d{4}\.\d{4}\.\d\d", _swiss),
    _rule(r"[2-9]\d{3} \d{4} \d{4}", verhoeff),  # Aadhaar
    _rule(r"[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])\d{5}[\dX]", _chinese),
    _rule(r"\d{6}-[1-8]\d{6}", _korean),
)
# Without a form of their own: where the words before say what it is.
_NAMED: Final[tuple[tuple[re.Pattern[str], Rule], ...]] = tuple(
    (re.compile(rf"\b(?:{words})\b\D{{0,20}}\Z", re.IGNORECASE), rule)
    for words, rule in (
        (r"ssn|social security(?: number)?", _rule(r"\d{9}", _american)),
        (r"sin|social insurance(?: number)?", _rule(r"\d{3}[ -]?\d{3}[ -]?\d{3}", luhn)),
        (r"bsn|burgerservicenummer", _rule(r"\d{9}", _dutch)),
        (r"pesel", _rule(r"\d{11}", _polish)),
    )
)


def _national(text: str, start: int) -> int:
    for pattern, check in _RULES:
        found = pattern.match(text, start)
        if found and check(_NOT.sub("", found[0])):
            return found.end()
    before = text[max(0, start - CONTEXT) : start]
    for words, (pattern, check) in _NAMED:
        found = pattern.match(text, start)
        if found and words.search(before) and check(_NOT.sub("", found[0])):
            return found.end()
    return 0


NATIONAL: Final = Form(
    "national_id",
    re.compile(r"(?<![\w.+-])(?=[A-Z]{0,6}[ -]?\d)[A-Z0-9]"),
    r"(?<![\w.+-])(?:[A-Z]{1,6}[ -]?|[A-Z]{0,6}[ -]?\d[A-Z0-9 .+-]{0,30})",
    _national,
)
