"""Payment cards and IBANs: their check digits tell them from other numbers."""

import re
from typing import Final

from serve.policy.filters.checksums import IBAN_LENGTHS, iban, luhn
from serve.policy.filters.scanner import Form

_CARD: Final = re.compile(r"\d{12,19}|\d{4}([ -])\d{3,6}(?:\1\d{3,6}){1,3}")
_ISSUER: Final = re.compile(r"[3-6]\d{11,18}|2[2-7]\d{14}|(?:2131|1800)\d{11}")
_AMONG: Final = re.compile(r"\d[ -]\Z")
_IBAN: Final = re.compile(r"[A-Za-z]{2}\d\d(?:[ -]?[A-Za-z0-9]){11,30}")
_END: Final = re.compile(r"(?![^\W_])")
_GAP: Final = re.compile(r"[ -]")
_LONGEST: Final = 44  # characters of an IBAN with its spaces


def _card(text: str, start: int) -> int:
    """The most groups here that an issuer could have given out. Behind other numbers, the shorter
    ones would too often be a part of something else.
    """
    found = _CARD.match(text, start)
    fewest = 15 if _AMONG.search(text[max(0, start - 2) : start]) else 12
    end = found.end() if found else start
    while end > start:
        digits = _GAP.sub("", text[start:end])
        if len(digits) < fewest:
            return 0
        if _END.match(text, end) and _ISSUER.fullmatch(digits) and luhn(digits):
            return end
        end = max(text.rfind(gap, start, end) for gap in " -")
    return 0


def _iban(text: str, start: int) -> int:
    """The length of the country, as many characters from here on."""
    length = IBAN_LENGTHS.get(text[start : start + 2].upper(), 0)
    found = _IBAN.match(text, start, start + _LONGEST) if length else None
    if found is None:
        return 0
    end, count = start, 0
    while end < found.end() and count < length:
        count += text[end] not in " -"
        end += 1
    code = _GAP.sub("", text[start:end]).upper()
    return end if _END.match(text, end) and iban(code) else 0


CARDS: Final = Form("card", re.compile(r"(?<![\w.+-])\d"), r"(?<![\w.+-])\d[\d -]{0,38}", _card)
IBANS: Final = Form(
    "iban",
    re.compile(r"(?<![^\W_])[A-Za-z]{2}\d\d"),
    r"(?<![^\W_])[A-Za-z](?:[A-Za-z](?:\d(?:\d[A-Za-z0-9 -]{0,41})?)?)?",
    _iban,
)
