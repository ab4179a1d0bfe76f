"""What of a sentence can be wrong though its words are right: numbers, dates, names, quotations."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from index.answers.dates import Date, dates
from index.answers.numbers import Number, numbers
from index.answers.statements import Statement
from index.answers.words import STOP_WORDS, plain, stem, telling, words

NEAR: Final = 4  # words on each side of a number say what it counts
REACH: Final = 64  # characters in which they are looked for
NEARNESS: Final = 0.25  # the share of them that must stand beside it in the source, too

_CODE = re.compile(r"\b(?=[\w-]*\d)(?=[\w-]*[^\W\d_])\w[\w-]*\w\b")
_COUNTED = re.compile(r"\d[\d-]*(?:-?[a-zµ]+)", re.IGNORECASE)  # 3rd, 5GB, 25-day
_CAPITALS = re.compile(r"(?:\b[A-Z][\w'-]*(?:[ -](?:and |of |for |the )?)?){2,6}")
_WORD = re.compile(r"[^\W\d_][^\W_]*(?:['\u2019-][^\W\d_]+)*")
_QUOTED = re.compile(r"[\"“„«]([^\"“”„«»\n]{8,400})[\"”“»]")
_OPENING = re.compile(r"^[\s\"'“\u2018(*_>-]*")
_GERMAN = frozenset(("der", "die", "das", "und", "ist", "nicht", "ein", "eine", "wird"))
# Beginnings of sentences that are no names: ends of ordinary English words.
_ORDINARY = re.compile(r"(?:(?<![aiu])s|ing|ed|ly|ion|ment|ness|ity|ance|ence|able|ful)$")
_OPENERS: Final = (
    "according additionally yes no ok note however therefore moreover furthermore also please "
    "sorry sure given since while although because instead overall finally first second third "
    "next let every everyone anyone someone many several few none nobody nothing between "
    "under unless until whether today here employee staff company customer people"
)


class Claim(NamedTuple):
    """Something a source must say. `text` as the sentence spells it."""

    text: str
    number: Number | None = None
    dates: tuple[Date, ...] = ()
    near: frozenset[str] = frozenset()


def claims(sentence: str) -> list[Claim]:
    """Numbers and dates, names, codes such as X-200B and quotations, of one sentence."""
    days, codes = dates(sentence), list(_codes(sentence))
    taken = [*((day.start, day.end) for day in days), *(code.span() for code in codes)]
    counts = [one for one in numbers(sentence) if _is_free(one.start, one.end, taken)]
    taken += [(one.start, one.end) for one in counts]
    named = [name for name in names(sentence) if _is_free(*name.span(), taken)]
    texts = [*(found[0] for found in (*codes, *named)), *_QUOTED.findall(sentence)]
    return [
        *(Claim(sentence[day.start : day.end], dates=day.readings) for day in days),
        *(Claim(sentence[n.start : n.end].strip(), n, near=_near(sentence, n)) for n in counts),
        *map(Claim, dict.fromkeys(texts)),
    ]


def _is_free(start: int, end: int, taken: Iterable[tuple[int, int]]) -> bool:
    return all(end <= a or b <= start for a, b in taken)


@dataclass(slots=True)
class Known:
    """What some texts say, to be asked."""

    text: str = ""
    words: set[str] = field(default_factory=set)
    dates: list[Date] = field(default_factory=list)
    numbers: dict[str, list[tuple[str | None, frozenset[str]]]] = field(default_factory=dict)

    @classmethod
    def of(cls, said: Iterable[Statement]) -> "Known":
        """`said` are sentences, in order: what they say of a number is found beside it."""
        known = cls()
        for statement in said:
            known._learn(statement)
        return known

    def names_all_of(self, text: str) -> bool:
        """Whether every name in `text` is known."""
        return all(self.says(Claim(name[0])) for name in names(text))

    def says(self, claim: Claim) -> bool:
        if claim.dates:
            return any(self._has_date(date) for date in claim.dates)
        if claim.number is not None:
            return self._has_number(claim.number, claim.near)
        flat = _flat(claim.text)
        if " " not in flat and not any(c.isdigit() for c in flat):
            return stem(flat.removesuffix("'s")) in self.words
        return flat in self.text or flat.replace("-", "") in self.text.replace("-", "")

    def _learn(self, said: Statement) -> None:
        text = said.text
        self.text += f" {_flat(text)}"
        self.words.update(stem(part) for word in words(text) for part in (word, *word.split("'")))
        self.words.update(stem(plain(found[0])) for found in _WORD.finditer(text))
        self.words.update(stem(_initials(found[0])) for found in _CAPITALS.finditer(text))
        self.dates += [reading for found in dates(text) for reading in found.readings]
        for number in said.numbers:
            near = _near(text, number)
            for reading in number.readings:
                self.numbers.setdefault(reading, []).append((number.unit, near))

    def _has_date(self, claim: Date) -> bool:
        """A day without its year needs the year anywhere in the source."""
        return any(
            date.says(claim) and (date.year or not claim.year or str(claim.year) in self.numbers)
            for date in self.dates
        )

    def _has_number(self, claim: Number, near: frozenset[str]) -> bool:
        """The value, of no other unit, beside a word that stands beside it in the sentence, too."""
        return any(
            (unit == claim.unit or None in (unit, claim.unit))
            and len(near & around) >= NEARNESS * len(near)
            for reading in claim.readings
            for unit, around in self.numbers.get(reading, ())
        )


def _flat(text: str) -> str:
    return " ".join(plain(text).split()).strip(" .,;:!?")


def _initials(text: str) -> str:
    return "".join(word[0] for word in words(text))


def _near(text: str, number: Number) -> frozenset[str]:
    """What a number counts: stems of the words around it."""
    before = telling(text[max(0, number.start - REACH) : number.start])[-NEAR:]
    after = telling(text[number.end : number.end + REACH])[:NEAR]
    return frozenset(map(stem, before + after))


def _codes(sentence: str) -> Iterator[re.Match[str]]:
    for found in _CODE.finditer(sentence):
        if not _COUNTED.fullmatch(found[0]):
            yield found


def names(sentence: str) -> Iterator[re.Match[str]]:
    """Words in capitals, except where all nouns have them, and where a sentence begins."""
    if len(_GERMAN.intersection(words(sentence))) >= 2:
        return
    opening = _OPENING.match(sentence)
    first = opening.end() if opening else 0
    found = list(_WORD.finditer(sentence))
    for i, word in enumerate(found):
        if not word[0][0].isupper() or plain(word[0]) in STOP_WORDS or len(word[0]) < 2:
            continue
        begins = word.start() == first or sentence[word.start() - 2 : word.start()] in (": ", ". ")
        followed = i + 1 < len(found) and found[i + 1][0][0].isupper()
        if not begins or followed or not _is_ordinary(word[0]):
            yield word


def _is_ordinary(word: str) -> bool:
    low = plain(word)
    return not word[1:].isupper() and (low in _OPENERS.split() or _ORDINARY.search(low) is not None)
