"""Words that carry meaning, cut to their stems; negations, and words that say the opposite."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
_IDEOGRAPHS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]+")  # written without spaces
_SUFFIXES: Final = ("ations", "ation", "ings", "ing", "edly", "ies", "ers", "ed", "es", "ly", "er")
_LAST_LETTERS: Final = "sey"
SCOPE: Final = 3  # words that a negation is about, behind it
SCOPE_BEFORE: Final = 1

# Function words of English, German, French and Spanish, and words that introduce a citation.
_STOP_WORDS: Final = (
    "a an the this that these those it its they them their there here he she his her him we us "
    "our you your i me my who whom whose which what when where why how and or but if then than "
    "so as of at by for with about into onto through during before after above below to from "
    "up down in out on off over under again further once is are was were be been being am do "
    "does did doing have has had having will would shall should can could may might must also "
    "just only very too more most least some any each all both such own same other another s t one "
    "according say says said mention mentions document documents source sources passage "
    "der die das den dem des ein eine einer einem einen und oder aber ist sind war waren wird "
    "werden mit von zu zum zur im auf für als auch sich es sie er wir ihr bei nach aus wie man "
    "le la les un une des du de et ou est sont dans par pour sur avec que qui ce cette il elle "
    "el los las una y o es son en con por para que se su del al lo como"
)
_NEGATIONS: Final = (
    "no not never none nobody nothing neither nor cannot without unable fail hardly nicht kein "
    "keine keinen keiner nie niemals ohne ne pas jamais aucun sans sin nunca ningún ninguna"
)
STOP_WORDS: Final = frozenset(_STOP_WORDS.split())
NEGATIONS: Final = frozenset(_NEGATIONS.split())
_OPPOSITES: Final = (
    "increase decrease|rise fall|rose fell|above below|before after|more less|more fewer|"
    "maximum minimum|most least|allowed prohibited|allowed forbidden|permitted prohibited|"
    "permitted forbidden|include exclude|required optional|mandatory optional|true false|"
    "higher lower|highest lowest|first last|start end|open closed|accept reject|approve reject|"
    "approve deny|win lose|won lost|buy sell|gain loss|profit loss|enable disable|valid invalid|"
    "safe unsafe|legal illegal|possible impossible|always never|import export|upper lower|"
    "internal external|paid unpaid|agree disagree|earlier later|younger older|strong weak"
)


@lru_cache(1 << 14)
def stem(word: str) -> str:
    """The part of a word that its forms share, roughly; at least three letters of it."""
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            word = word.removesuffix(suffix)
            break
    return word[:3] + word[3:].rstrip(_LAST_LETTERS)


def plain(text: str) -> str:
    """Compatible characters made the same, straight quotes, lower case."""
    text = unicodedata.normalize("NFKC", text).translate(_STRAIGHT)
    return text.casefold()


def words(text: str) -> list[str]:
    """All words of `text`, in lower case and without possessive endings."""
    return [_bare(found[0]) for found in _WORD.finditer(plain(text))]


def telling(text: str) -> list[str]:
    """The words of `text` that carry meaning."""
    return [word for word in words(text) if _has_meaning(word)]


def stems(text: str) -> frozenset[str]:
    """What `text` is about."""
    found = set(map(stem, telling(text)))
    return frozenset(found | _pairs(text)) - {""}


def is_negated(text: str) -> bool:
    return any(map(_is_negation, words(text)))


def denies(one: str, other: str) -> bool:
    """Whether one of two texts denies something that the other states."""
    return _denies(one, other) or _denies(other, one)


def opposed(sentence: str, span: str) -> list[str]:
    """Words of `sentence` whose opposite stands in `span`, where neither has both."""
    said, quoted = _forms(sentence), _forms(span)
    alone = quoted - said
    return [
        word
        for word in words(sentence)
        if stem(word) not in quoted and not alone.isdisjoint(_OPPOSITE.get(stem(word), ()))
    ]


def _denies(text: str, other: str) -> bool:
    stated, denied = stems(other), frozenset[str]().union(*_denied(other))
    return any(
        2 * len(scope & stated) > len(scope) and scope.isdisjoint(denied) for scope in _denied(text)
    )


def _denied(text: str) -> Iterator[frozenset[str]]:
    """What each negation of `text` is about: the words around it that carry meaning."""
    said = words(text)
    for place, word in enumerate(said):
        if _is_negation(word):
            before = [w for w in said[:place] if _has_meaning(w)][-SCOPE_BEFORE:]
            after = [w for w in said[place + 1 :] if _has_meaning(w)][:SCOPE]
            yield frozenset(map(stem, before + after))


def _is_negation(word: str) -> bool:
    return word in NEGATIONS or word.endswith("n't")


def _has_meaning(word: str) -> bool:
    return word not in STOP_WORDS and not _is_negation(word)


def _forms(text: str) -> frozenset[str]:
    return frozenset(stem(word) for word in words(text))


def _bare(word: str) -> str:
    return word.removesuffix("'s").removesuffix("'")


def _pairs(text: str) -> set[str]:
    """Neighbouring ideographs stand for words."""
    runs = [found[0] for found in _IDEOGRAPHS.finditer(text)]
    return {run[i : i + 2] for run in runs for i in range(max(1, len(run) - 1))}


_STRAIGHT = str.maketrans(
    "\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb\u2212\u2010\u2011\u2013", '\'\'\'"""""----'
)
_OPPOSITE: dict[str, tuple[str, ...]] = {}
for _pair in _OPPOSITES.split("|"):
    _one, _other = (stem(_word) for _word in _pair.split())
    _OPPOSITE[_one] = (*_OPPOSITE.get(_one, ()), _other)
    _OPPOSITE[_other] = (*_OPPOSITE.get(_other, ()), _one)
