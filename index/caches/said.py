"""A short text taken apart for the rules that tell questions from each other."""

import re
from functools import cached_property
from typing import Final

from index.answers.dates import Found, dates
from index.answers.numbers import Number, numbers
from index.answers.words import NEGATIONS, STOP_WORDS, plain, stem
from index.caches.forms import forms, language, language_asked

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
BOTH_WAYS: Final = frozenset(("and", "or", "vs", "versus", "between"))
_JOINTS: Final = "to from than on of by for over under before after about at"
ONE_WAY: Final = frozenset(_JOINTS.split())
_AS_TO: Final = frozenset(("into", "onto", "towards"))
_EDGES: Final = "`.,;:!?()"
_MORE_NOTS: Final = (
    "dont doesnt didnt isnt arent wasnt werent cant couldnt wont wouldnt shouldnt hasnt havent "
    "except excluding besides instead avoid lacking"
)
_NOTS: Final = (NEGATIONS - {"fail"}) | frozenset(_MORE_NOTS.split())
_TITLES: Final = frozenset(("mr", "mrs", "ms", "dr", "prof", "president", "sir"))
_NO_LETTERS: Final = frozenset("aiurs")  # words and habits of chats, not names such as vitamin C


class Said:
    """What a short text says that rules look at. Each part is found when first asked for."""

    def __init__(self, text: str) -> None:
        self.text = text

    @property
    def size(self) -> int:
        """Bytes that all of it takes at most: measured, rounded up. Numbers and dates cost most."""
        return 2800 + 32 * len(self.text) + 400 * (len(self.numbers) + len(self.dates))

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
            word = plain(span[0]).removesuffix("'s") if tall else ""
            if len(word) < 2 or word in STOP_WORDS or self._begins(span.start()):
                runs.append([])
            elif word not in _TITLES:
                runs[-1].append(word)
        return [run for run in runs if run]

    @cached_property
    def sequence(self) -> list[str]:
        """Stems of words that come once, in their order, and what joins them; into counts as to."""
        words = ["to" if word in _AS_TO else word for word in self.words]
        joints = ONE_WAY | BOTH_WAYS
        told = [
            word if word in joints else stem(word)
            for word in words
            if word in joints or word not in STOP_WORDS
        ]
        return [word for word in told if told.count(word) == 1]

    @cached_property
    def forms(self) -> frozenset[str]:
        return forms(self.text)

    @cached_property
    def language(self) -> str | None:
        return language(self.text, self.words)

    @cached_property
    def language_asked(self) -> frozenset[str]:
        return language_asked(self.text)

    def _begins(self, place: int) -> bool:
        before = self.text[:place].rstrip(" \"'“\u2018(*_>-")
        return not before or before[-1] in ".!?:\n"

    def mentions(self, word: str) -> bool:
        """`word` itself, or with another ending: India, Indian.

        A name may hold what splits a word once it is made plain: A¼.
        """
        if stem(word) in self.stems or any(word in run for run in self.names):
            return True
        return any(_akin(word, other) for other in self.words)


def _akin(word: str, other: str) -> bool:
    short, long = sorted((word, other), key=len)
    return len(short) > 3 and len(long) - len(short) <= 3 and long.startswith(short)
