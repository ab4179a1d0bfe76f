"""Dates in a text, whatever way they are written."""

import re
from typing import Final, NamedTuple

_MONTHS: Final = "jan feb mar apr may jun jul aug sep oct nov dec"
_NUMBERS = {name: i + 1 for i, name in enumerate(_MONTHS.split())}
_NUMBERS |= {"mär": 3, "mai": 5, "okt": 10, "dez": 12}
_MONTH = (
    r"(?P<month>Jan(?:uary?)?|Feb(?:ruary?)?|Mar(?:ch)?|März|Apr(?:il)?|Ma[yi]|Jun[ei]?|Jul[yi]?"
    r"|Aug(?:ust)?|Sept?(?:ember)?|O[ck]t(?:ober)?|Nov(?:ember)?|De[cz](?:ember)?)\b\.?"
)
_DAY = r"(?P<day>[0-3]?\d)(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>[12]\d{3})"
_SPELLINGS = [
    re.compile(spelling)
    for spelling in (
        rf"\b{_DAY}\.?(?:\s+of)?\s+{_MONTH}(?:,?\s+{_YEAR}\b)?",
        rf"\b{_MONTH}\s+{_DAY}\b(?!\d|[.,]\d)(?:,?\s+{_YEAR}\b)?",
        rf"\b{_MONTH},?\s+(?:of\s+)?{_YEAR}\b",
        rf"\b{_YEAR}-(?P<digits>[01]\d)-(?P<day>[0-3]\d)\b",
        rf"\b(?P<day>[0-3]?\d)(?P<between>[./])(?P<digits>[0-3]?\d)(?P=between){_YEAR}\b",
    )
]


class Date(NamedTuple):
    """What is not known is 0."""

    year: int
    month: int
    day: int

    def says(self, claim: "Date") -> bool:
        """Whether this is the day (or month) that `claim` names; its year may be unknown here."""
        fits = self.month == claim.month and claim.day in (0, self.day)
        return fits and 0 in (self.year, claim.year, self.year - claim.year)


class Found(NamedTuple):
    """`readings`: what it may mean; days and months are written in either order."""

    start: int
    end: int
    readings: tuple[Date, ...]


def dates(text: str) -> list[Found]:
    """None overlaps another."""
    found: list[Found] = []
    for spelling in _SPELLINGS:
        for match in spelling.finditer(text):
            free = all(match.end() <= f.start or f.end <= match.start() for f in found)
            if free and (readings := _readings(match)):
                found.append(Found(match.start(), match.end(), readings))
    return found


def _readings(match: re.Match[str]) -> tuple[Date, ...]:
    parts = match.groupdict()
    year, day = int(parts.get("year") or 0), int(parts.get("day") or 0)
    name = parts.get("month")
    month = _NUMBERS[name[:3].casefold()] if name else int(parts["digits"])
    either = [Date(year, month, day)]
    if parts.get("between"):
        either.append(Date(year, day, month))
    return tuple(date for date in either if 1 <= date.month <= 12 and date.day <= 31)
