"""Why a kept answer is certainly not for a question, however near their embeddings are.

Embeddings hardly see a number, a negation, swapped roles or another name. Each rule compares two
short texts and is cheap. Where a rule is wrong, an answer is generated that was there already.
"""

import re
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Final

from index.answers.dates import Found, dates
from index.answers.numbers import Number, numbers
from index.answers.words import NEGATIONS, STOP_WORDS, opposed, plain, stem
from index.caches.forms import forms, language, language_asked
from index.caches.rivals import KINDS, NAMES, OPPOSITES, UNITS, clash, groups

_WORD: Final = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
_QUOTED: Final = re.compile(
    r"[\"“„«]([^\"“”„«»\n]+)[\"”“»]|(?<!\w)['\u2018]([^'\u2019\n]+)['\u2019](?!\w)"
)
_CODE: Final = re.compile(
    r"`[^`\n]+`"
    r"|https?://\S+|www\.\S+|[\w.+-]+@[\w-]+\.\w+"
    r"|(?<![\w-])--?[A-Za-z][\w-]*"  # options
    r"|(?<![\w/])[~.]{0,2}/[\w.-]+(?:/[\w.-]+)*"  # paths
    r"|\b\w+_\w+\b|\b\w+\(\)|\b[a-z]+[A-Z]\w*|\b[A-Z][a-z]+[A-Z]\w*|\b[A-Za-z]\w*(?:\.[A-Za-z]\w+)+"
    r"|\b(?=[\w-]*\d)(?=[\w-]*[A-Za-z])\w[\w-]*\w\b"  # X-200B
    r"|(?<!\w)[A-Za-z](?:\+\+|#)|==|!=|<=|>=|&&|\|\|"
)
_MEASURED: Final = re.compile(r"\d[\d.,-]*[a-zµ]+", re.IGNORECASE)  # 3rd and 5GB are no codes
_ROMAN: Final = re.compile(r"\b(?:[IVX]{2,}|[VX])\b")
_SWITCH: Final = re.compile(r"\b(?:turn|switch)\w*(?: \S+){0,3}? (on|off)\b")
_EDGES: Final = "`.,;:!?()"
_MORE_NOTS: Final = (
    "dont doesnt didnt isnt arent wasnt werent cant couldnt wont wouldnt shouldnt hasnt havent "
    "except excluding besides instead avoid lacking"
)
_NOTS: Final = (NEGATIONS - {"fail"}) | frozenset(_MORE_NOTS.split())
_PREFIXES: Final = ("un", "in", "im", "il", "ir", "dis", "non", "de", "mis")
_TITLES: Final = frozenset(("mr", "mrs", "ms", "dr", "prof", "president", "sir"))
_NO_LETTERS: Final = frozenset("aiurs")  # words and habits of chats, not names such as vitamin C
_BOTH_WAYS: Final = frozenset(("and", "or", "vs", "versus", "between"))
_MUTUAL: Final = re.compile(r"\b(?:compar|differ|similar|same\b|distance)")
_RANKED: Final = re.compile(r"\b(?:more|less|worse|\w{2,}er)\b")
_JOINTS: Final = "to from than on of by for over under before after about at"
_ONE_WAY: Final = frozenset(_JOINTS.split())
_AS_TO: Final = frozenset(("into", "onto", "towards"))

_OPPOSITES: Final = groups(OPPOSITES)
_UNITS: Final = groups(UNITS)
_NAMES: Final = groups(NAMES)
_KINDS: Final = groups(KINDS)


class Said:
    """What a short text says that rules look at. Each part is found when first asked for."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def plain(self) -> str:
        return plain(self.text)

    @cached_property
    def words(self) -> list[str]:
        return [word.removesuffix("'s") for word in _WORD.findall(self.plain)]

    @cached_property
    def stems(self) -> frozenset[str]:
        """Turning something on counts as enabling it."""
        switched = {"enable" if one == "on" else "disable" for one in _SWITCH.findall(self.plain)}
        return frozenset(map(stem, [*self.words, *switched]))

    @cached_property
    def numbers(self) -> list[Number]:
        return numbers(self.text)

    @cached_property
    def dates(self) -> list[Found]:
        return dates(self.text)

    @cached_property
    def romans(self) -> frozenset[str]:
        return frozenset(_ROMAN.findall(self.text))

    @cached_property
    def nots(self) -> int:
        return sum(word in _NOTS or word.endswith("n't") for word in self.words)

    @cached_property
    def quotes(self) -> list[str]:
        return [plain(one or other).strip(" .,!?") for one, other in _QUOTED.findall(self.text)]

    @cached_property
    def codes(self) -> list[str]:
        found = (one for one in _CODE.findall(self.text) if not _MEASURED.fullmatch(one))
        return [one.strip(_EDGES) or one for one in found]

    @cached_property
    def letters(self) -> frozenset[str]:
        single = {word for word in self.words if len(word) == 1 and word.isalpha()}
        return frozenset(single) - _NO_LETTERS

    @cached_property
    def names(self) -> list[list[str]]:
        """Runs of words in capitals within a sentence; none where most words have them."""
        spans = list(_WORD.finditer(self.text))
        capital = [span[0][0].isupper() for span in spans]
        if 2 * sum(capital) > len(spans) + 2:
            return []
        runs: list[list[str]] = [[]]
        for span, tall in zip(spans, capital, strict=True):
            word = plain(span[0]).removesuffix("'s")
            if not tall or self._begins(span.start()) or len(word) < 2 or word in STOP_WORDS:
                runs.append([])
            elif word not in _TITLES:
                runs[-1].append(word)
        return [run for run in runs if run]

    def _begins(self, place: int) -> bool:
        before = self.text[:place].rstrip(" \"'“\u2018(*_>-")
        return not before or before[-1] in ".!?:\n"

    def mentions(self, word: str) -> bool:
        """`word` itself, or with another ending: India, Indian."""
        return stem(word) in self.stems or any(_akin(word, other) for other in self.words)


def veto(asked: str, kept: str) -> str | None:
    """In one word why an answer to `kept` is none to `asked`; None: nothing is known against it."""
    return next(vetoes(asked, kept), None)


def vetoes(asked: str, kept: str) -> Iterator[str]:
    """Every reason. Which text is which does not matter."""
    one, other = Said(asked), Said(kept)
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
    if clash(one.stems, other.stems, _OPPOSITES):
        return True
    return bool(opposed(one.text, other.text) or opposed(other.text, one.text))


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
    mine, others = _sequence(one), _sequence(other)
    return _renamed(one, other) or any(
        _sides(mine, word, -1) & _sides(others, word, 1)
        and _sides(mine, word, 1) & _sides(others, word, -1)
        for word in set(mine) & set(others)
    )


def _renamed(one: Said, other: Said) -> bool:
    """Whether the same names come in another order, with nothing between them that joins equals."""
    mine, others = ([name for run in said.names for name in run] for said in (one, other))
    return mine != others and set(mine) == set(others) and _BOTH_WAYS.isdisjoint(one.words)


def _sequence(said: Said) -> list[str]:
    """Stems of words that come once, in their order, and what joins them; into counts as to."""
    words = ["to" if word in _AS_TO else word for word in said.words]
    joints = _ONE_WAY | _BOTH_WAYS
    told = [
        word if word in joints else stem(word)
        for word in words
        if word in joints or word not in STOP_WORDS
    ]
    return [word for word in told if told.count(word) == 1]


def _sides(sequence: list[str], word: str, side: int) -> set[str]:
    """The words nearest to `word` on one side: up to two, none beyond what joins equals."""
    if word in _BOTH_WAYS:
        return set()
    place = sequence.index(word)
    near = sequence[place + 1 :] if side > 0 else sequence[:place][::-1]
    found = [each for each in near if each not in _ONE_WAY][:2]
    return set() if _BOTH_WAYS.intersection(found) else set(found)


def _other_language(one: Said, other: Said) -> bool:
    if language_asked(one.text) != language_asked(other.text):
        return True
    mine, others = language(one.text), language(other.text)
    return mine is not None and others is not None and mine != others


def _other_form(one: Said, other: Said) -> bool:
    return forms(one.text) != forms(other.text)


def _akin(word: str, other: str) -> bool:
    short, long = sorted((word, other), key=len)
    return len(short) > 3 and len(long) - len(short) <= 3 and long.startswith(short)


_RULES: Final[dict[str, Callable[[Said, Said], bool]]] = {
    "number": _other_number,
    "date": _other_date,
    "unit": _other_unit,
    "negation": _negated,
    "opposite": _opposite,
    "kind": _other_kind,
    "name": _other_name,
    "quote": _other_quote,
    "code": _other_code,
    "order": _other_order,
    "language": _other_language,
    "format": _other_form,
}
