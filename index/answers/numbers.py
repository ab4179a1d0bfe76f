"""Numbers in a text with their units: 1,000 = 1000, 12 % = 12 percent, 5 million = 5,000,000."""

import re
from decimal import Decimal
from typing import Final, NamedTuple

_DIGITS = r"\d+(?:[.,'\u2019\u00a0\u2009\u202f]\d+)*"
_NAMES: Final = (
    "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety "
    "zwei drei vier fünf sechs sieben acht neun zehn elf zwölf"
)
_VALUES: Final = [*range(2, 21), *range(30, 100, 10), *range(2, 13)]
_SPELLED: Final = dict(zip(_NAMES.split(), _VALUES, strict=True))
_ONES = "one|two|three|four|five|six|seven|eight|nine"
_NUMBER = re.compile(
    rf"(?=[\d$€£¥\u2212-])(?P<money>[$€£¥])?(?P<sign>(?<![\w.,)\]])[-\u2212])?(?<![\w.,])(?P<digits>{_DIGITS})"
    r"(?P<scale>\s?(?:thousand|million|billion|trillion|bn|mn|k|m)\b)?"
    r"(?P<unit>\s?-?(?:[%‰€$£°][CF]?|per\s?cent\b|[A-Za-zµ]+))?"
    rf"|\b(?=[tfsenzdv])(?P<word>{'|'.join(_SPELLED)})\b(?:-(?P<ones>{_ONES})\b)?"
    r"(?P<wide>\s(?:thousand|million|billion))?(?P<measure>[\s-][A-Za-z]+)?",
    re.IGNORECASE,
)
_SCALES: Final = {
    "thousand": 3, "k": 3, "million": 6, "mn": 6, "m": 6, "billion": 9, "bn": 9, "trillion": 12,
}  # fmt: skip
_UNITS: Final = (
    "% percent prozent|$ usd dollar dollars|€ eur euro euros|£ gbp pound pounds|¥ jpy yen|"
    "second seconds sec secs|ms millisecond milliseconds|minute minutes min mins|"
    "hour hours h hr hrs|day days tag tage tagen|week weeks woche wochen|"
    "month months monat monate monaten|"
    "year years yr yrs jahr jahre jahren|kg kilogram kilograms kilo|g gram grams|mg milligram "
    "milligrams|t ton tons tonne tonnes|lb lbs|km kilometer kilometers kilometre kilometres|"
    "m meter meters metre metres|cm centimeter centimeters centimetre centimetres|mm millimeter "
    "millimeters millimetre millimetres|mile miles mi|ft foot feet|inch inches|l liter liters "
    "litre litres|ml milliliter milliliters|kb kilobyte kilobytes|mb megabyte megabytes|"
    "gb gigabyte gigabytes|tb terabyte terabytes|hz|khz|mhz|ghz|w watt watts|kw kilowatt "
    "kilowatts|mw megawatt megawatts|kwh|v volt volts|°c|°f"
)
_UNIT = {name: line.split()[0] for line in _UNITS.split("|") for name in line.split()}
_GROUPED = re.compile(r"\d{1,3}(?:[,'\u2019\u00a0\u2009\u202f]\d{3})+(?:\.\d+)?")
_DOTTED = re.compile(r"\d{1,3}(?:\.\d{3})+(?:,\d+)?")


class Number(NamedTuple):
    """`readings`: the values that the digits can mean; `unit` in one spelling, if it is known."""

    start: int
    end: int
    readings: frozenset[str]
    unit: str | None


def numbers(text: str) -> list[Number]:
    return [_number(found) for found in _NUMBER.finditer(text)]


def _number(found: re.Match[str]) -> Number:
    parts = found.groupdict("")
    tens = _SCALES.get((parts["scale"] or parts["wide"]).strip().casefold(), 0)
    unit = (parts["unit"] or parts["measure"]).strip(" -\t\n\u00a0").casefold()
    if parts["scale"].casefold() == "m" and not parts["money"]:
        tens, unit = 0, "m"
    if "per" in unit and "cent" in unit:
        unit = "%"
    known = _UNIT.get(parts["money"]) or _UNIT.get(unit)
    values = [_spelled(parts["word"], parts["ones"])] if parts["word"] else []
    values += [-value if parts["sign"] else value for value in _values(parts["digits"])]
    readings = frozenset(_written(value.scaleb(tens)) for value in values)
    return Number(found.start(), _end(found, known), readings or frozenset({found[0]}), known)


def _end(found: re.Match[str], unit: str | None) -> int:
    """Where the number and its unit end: a word behind it that is no unit is none of it."""
    measure = (found["unit"] or found["measure"] or "").strip(" -\t\n\u00a0").casefold()
    if unit and (measure in _UNIT or "cent" in measure):
        return found.end()
    behind = ("scale", "wide", "ones", "digits", "word")
    return max(found.end(part) for part in behind)


def _spelled(word: str, ones: str) -> Decimal:
    rest = _ONES.split("|").index(ones.casefold()) + 1 if ones else 0
    return Decimal(_SPELLED[word.casefold()] + rest)


def _values(digits: str) -> list[Decimal]:
    """1.000 is one or a thousand, depending on where it was written; 1.2.3 is no number."""
    if _GROUPED.fullmatch(digits):
        return [Decimal(re.sub(r"[^\d.]", "", digits))]
    if digits.count(".") <= 1 and "," not in digits:
        grouped = [Decimal(digits.replace(".", ""))] if _DOTTED.fullmatch(digits) else []
        return [*_decimal(digits), *grouped]
    if _DOTTED.fullmatch(digits):
        return [Decimal(digits.replace(".", "").replace(",", "."))]
    return _decimal(digits.replace(",", ".")) if digits.count(",") == 1 else []


def _decimal(digits: str) -> list[Decimal]:
    return [Decimal(digits)] if re.fullmatch(r"\d+(?:\.\d+)?", digits) else []


def _written(value: Decimal) -> str:
    return f"{value.normalize():f}"
