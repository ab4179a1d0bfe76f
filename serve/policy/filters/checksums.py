"""Check digits. Each function takes digits (or letters, where said) and tells if they hold."""

import re
from typing import Final

_DOUBLED: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
_DIHEDRAL: Final = (
    "0123456789123406789523401789563401289567401239567859876043216598710432"
    "765982104387659321049876543210"
)
_PERMUTED: Final = (
    "01234567891576283094580379614289160435279453126870428657390127938064157046913258"
)
# Letters of a country and the length of its IBAN (ISO 13616).
_IBANS: Final = (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 "
    "DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 "
    "IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 "
    "MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 "
    "SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30"
)
IBAN_LENGTHS: Final = {each[:2]: int(each[2:]) for each in _IBANS.split()}


def luhn(digits: str) -> bool:
    turned = digits[::-1]
    return sum(map(int, turned[::2]), sum(_DOUBLED[int(d)] for d in turned[1::2])) % 10 == 0


def verhoeff(digits: str) -> bool:
    check = 0
    for place, digit in enumerate(reversed(digits)):
        check = int(_DIHEDRAL[10 * check + int(_PERMUTED[10 * (place % 8) + int(digit)])])
    return check == 0


def iban(code: str) -> bool:
    """`code` without spaces, in capitals: the length of its country, and 1 modulo 97."""
    if IBAN_LENGTHS.get(code[:2]) != len(code) or not re.fullmatch(r"[A-Z]{2}\d\d[A-Z0-9]+", code):
        return False
    return int("".join(str(int(char, 36)) for char in code[4:] + code[:4])) % 97 == 1


def weighted(digits: str, weights: str, modulus: int) -> int:
    """The sum of digits times `weights` (one figure each, hexadecimal), modulo `modulus`."""
    return sum(int(d) * int(w, 16) for d, w in zip(digits, weights, strict=False)) % modulus
