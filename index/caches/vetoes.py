"""Why a kept answer is certainly not for a question, however near their embeddings are.

Embeddings hardly see a number, a negation, swapped roles or another name. Each rule compares two
short texts and is cheap. Where a rule is wrong, an answer is generated that was there already.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final

from index.caches.rivals import KINDS, NAMES, OPPOSITES, UNITS, clash, groups
from index.caches.said import BOTH_WAYS, ONE_WAY, Said

_PREFIXES: Final = ("un", "in", "im", "il", "ir", "dis", "non", "de", "mis")
_MUTUAL: Final = re.compile(r"\b(?:compar|differ|similar|same\b|distance)")
_RANKED: Final = re.compile(r"\b(?:more|less|worse|\w{2,}er)\b")

_OPPOSITES: Final = groups(OPPOSITES)
_UNITS: Final = groups(UNITS)
_NAMES: Final = groups(NAMES)
_KINDS: Final = groups(KINDS)


def veto(asked: str, kept: str) -> str | None:
    """In one word why an answer to `kept` is none to `asked`; None: nothing is known against it."""
    return next(vetoes(Said(asked), Said(kept)), None)


def vetoes(one: Said, other: Said) -> Iterator[str]:
    """Every reason. Which text is which does not matter."""
    return (word for word, differ in _RULES.items() if differ(one, other))


def _other_number(one: Said, other: Said) -> bool:
    return one.romans != other.romans or not (_counts(one, other) and _counts(other, one))


def _counts(one: Said, other: Said) -> bool:
    """Whether `other` has every number of `one`, as often."""
    left = [number.readings for number in other.numbers]
    for number in one.numbers:
        match = next((each for each in left if each & number.readings), None)
        if match is None:
            return False
        left.remove(match)
    return True


def _other_date(one: Said, other: Said) -> bool:
    return not (_dated(one, other) and _dated(other, one))


def _dated(one: Said, other: Said) -> bool:
    known = [reading for found in other.dates for reading in found.readings]
    return all(
        any(date.says(reading) for date in known for reading in found.readings)
        for found in one.dates
    )


def _other_unit(one: Said, other: Said) -> bool:
    mine = {number.unit for number in one.numbers if number.unit}
    others = {number.unit for number in other.numbers if number.unit}
    return bool(mine and others and mine != others) or clash(one.stems, other.stems, _UNITS)


def _negated(one: Said, other: Said) -> bool:
    return one.nots != other.nots or _prefixed(one, other) or _prefixed(other, one)


def _prefixed(one: Said, other: Said) -> bool:
    """One says happy where the other says unhappy."""
    alone = set(one.words) - set(other.words)
    return any(
        word.startswith(prefix) and len(word) - len(prefix) > 3 and word[len(prefix) :] in rest
        for rest in [set(other.words) - set(one.words)]
        for word in alone
        for prefix in _PREFIXES
    )


def _opposite(one: Said, other: Said) -> bool:
    return clash(one.stems, other.stems, _OPPOSITES)


def _other_kind(one: Said, other: Said) -> bool:
    return clash(one.stems, other.stems, _KINDS)


def _other_name(one: Said, other: Said) -> bool:
    if one.letters != other.letters or clash(one.stems, other.stems, _NAMES):
        return True
    mine, others = _unknown(one, other), _unknown(other, one)
    unknown = any(len(left) == len(run) for left, run in [*mine, *others])
    return unknown or (any(left for left, _ in mine) and any(left for left, _ in others))


def _unknown(one: Said, other: Said) -> list[tuple[list[str], list[str]]]:
    """Of each name, the words that `other` does not have, and all of them."""
    return [
        ([word for word in run if not other.mentions(word)], run)
        for run in one.names
        if not _initials_of(run, other)
    ]


def _initials_of(run: list[str], other: Said) -> bool:
    """UNO where the other says United Nations Organisation, or the other way round."""
    initials = "".join(word[0] for word in run)
    spelled = ("".join(word[0] for word in each) for each in other.names)
    return (len(run) > 1 and initials in other.words) or run[0] in spelled


def _other_quote(one: Said, other: Said) -> bool:
    said = all(quote in other.plain for quote in one.quotes)
    return not (said and all(quote in one.plain for quote in other.quotes))


def _other_code(one: Said, other: Said) -> bool:
    return not (_spells(one, other) and _spells(other, one))


def _spells(one: Said, other: Said) -> bool:
    """Whether `other` has the codes of `one`; large letters count in short ones only: -r or -R."""
    low = other.text.lower()
    return all(code in other.text or (len(code) > 2 and code.lower() in low) for code in one.codes)


def _other_order(one: Said, other: Said) -> bool:
    """A to B or B to A: two words have changed sides around a third that both texts have."""
    if _MUTUAL.search(one.plain) and not _RANKED.search(one.plain):
        return False
    mine, others = one.sequence, other.sequence
    return _renamed(one, other) or any(
        _sides(mine, word, -1) & _sides(others, word, 1)
        and _sides(mine, word, 1) & _sides(others, word, -1)
        for word in set(mine) & set(others)
    )


def _renamed(one: Said, other: Said) -> bool:
    """Whether the same names come in another order, with nothing between them that joins equals."""
    mine, others = ([name for run in said.names for name in run] for said in (one, other))
    return mine != others and set(mine) == set(others) and BOTH_WAYS.isdisjoint(one.words)


def _sides(sequence: list[str], word: str, side: int) -> set[str]:
    """The words nearest to `word` on one side: up to two, none beyond what joins equals."""
    if word in BOTH_WAYS:
        return set()
    place = sequence.index(word)
    near = sequence[place + 1 :] if side > 0 else sequence[:place][::-1]
    found = [each for each in near if each not in ONE_WAY][:2]
    return set() if BOTH_WAYS.intersection(found) else set(found)


def _other_language(one: Said, other: Said) -> bool:
    if one.language_asked != other.language_asked:
        return True
    return None not in (one.language, other.language) and one.language != other.language


def _other_form(one: Said, other: Said) -> bool:
    return one.forms != other.forms


_RULES: Final[dict[str, Callable[[Said, Said], bool]]] = {
    "number": _other_number,
    "date": _other_date,
    "unit": _other_unit,
    "negation": _negated,
    "opposite": _opposite,
    "kind": _other_kind,
    "language": _other_language,
    "format": _other_form,
    "name": _other_name,
    "quote": _other_quote,
    "code": _other_code,
    "order": _other_order,
}
