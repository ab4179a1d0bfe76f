"""In which language a short text is, and in which language and form it wants its answer."""

import re
from collections.abc import Sequence
from typing import Final

_SCRIPTS: Final = {
    "Cyrillic": r"[\u0400-\u052f]",
    "Greek": r"[\u0370-\u03ff]",
    "Hebrew": r"[\u0590-\u05ff]",
    "Arabic": r"[\u0600-\u06ff]",
    "Indic": r"[\u0900-\u0dff]",
    "Thai": r"[\u0e00-\u0e7f]",
    "kana": r"[\u3040-\u30ff]",
    "hangul": r"[\uac00-\ud7af]",
    "Han": r"[\u3400-\u9fff]",
}
_SCRIPT: Final = re.compile("|".join(f"(?P<{name}>{one})" for name, one in _SCRIPTS.items()))

# Function words that few other languages have.
_TELLING: Final = {
    "English": "the is are what how of do does why when where which who can i my you to and for in "
    "at on with a an many much should will have has be or not this that from by as it",
    "German": "der das und ist wie wo wann warum wer ich ein eine einen nicht für mit auf von zu "
    "kann welche welcher mein meine sind dem den im in viel viele sich des oder aus",
    "French": "le les est quel quelle quels comment pourquoi quand où qui je une dans pour sur "
    "avec puis mon ma des du et sont la de était ai chez combien en",
    "Spanish": "el los las es cuál qué cómo cuándo dónde quién por puedo mi una del para con y son "
    "cual como la de en debo",
    "Italian": "il gli è qual quale perché quando dove chi posso mio mia della di per che sono lo",
    "Portuguese": "o os é qual quando onde quem posso meu minha da do para com são não uma",
    "Dutch": "het de een is wat hoe waarom wanneer waar wie ik mijn van voor en zijn niet",
}
_TELLS: Final[dict[str, list[str]]] = {}
for _name, _said in _TELLING.items():
    for _word in _said.split():
        _TELLS.setdefault(_word, []).append(_name)
_NAMED: Final = re.compile(
    r"\b(?:in|into|to|from|auf|en) (english|german|french|spanish|italian|portuguese|dutch|russian"
    r"|chinese|mandarin|japanese|korean|arabic|hindi|latin|turkish|polish|swedish|greek|hebrew)\b",
    re.IGNORECASE,
)
_FORMS: Final = {
    "list": r"\bbullet(?:ed|s)?\b|\b(?:as|in|into) (?:an? )?(?:\w+ )?list\b",
    "table": r"\b(?:as|in|into|with) (?:an? )?(?:\w+ )?table\b|\btabular\b",
    "data": r"\bjson\b|\byaml\b|\bxml\b|\bcsv\b|\bhtml\b|\bmarkdown\b",
    "code": r"\bcode (?:example|snippet|sample)\b|\bwith code\b",
    "verse": r"\bpoem\b|\brhymes?\b|\bhaiku\b|\blimerick\b|\bas a song\b",
    "letter": r"\b(?:write|draft|compose|as) (?:\w+ ){0,3}(?:e-?mail|letter|essay|article|story)\b",
    "steps": r"\bstep[ -]by[ -]step\b|\bin steps\b|\bnumbered\b",
    "length": r"\b(?:one|single) word\b|\byes or no\b|\b(?:one|single|a) (?:sentence|paragraph)\b",
    "short": r"\bbrief(?:ly)?\b|\bconcise(?:ly)?\b|\bshort answer\b|\bin short\b|\btl;?dr\b"
    r"|\bkeep it short\b|\bin a nutshell\b|\bsummar\w+",
    "long": r"\bin (?:\w+ )?(?:detail|depth)\b|\bdetailed\b|\bthorough(?:ly)?\b|\bat length\b"
    r"|\bcomprehensive\b|\bextensive(?:ly)?\b",
    "simple": r"\beli5\b|\bfive[- ]year[- ]old\b|\b(?:simple|plain|layman'?s?) (?:terms|words)\b"
    r"|\bto a (?:child|kid|beginner)\b|\bfor (?:kids|children|beginners|dummies)\b",
}
_FORM: Final = {name: re.compile(said, re.IGNORECASE) for name, said in _FORMS.items()}
_BODY: Final = "|".join(_FORMS.values()).replace(r"|\b", "|").removeprefix(r"\b")
_ANY_FORM: Final = re.compile(rf"\b(?:{_BODY})", re.IGNORECASE)  # one look where there is none
_NONE: Final = ((0, ""), (0, ""))


def language(text: str, words: Sequence[str]) -> str | None:
    """A language, or only a script; None where it is too short to tell. `words` of `text`, in
    lower case.
    """
    scripts = set() if text.isascii() else {found.lastgroup for found in _SCRIPT.finditer(text)}
    if scripts:
        return next(name for name in _SCRIPTS if name in scripts)
    told: dict[str, int] = {}
    for word in set(words):
        for name in _TELLS.get(word, ()):
            told[name] = told.get(name, 0) + 1
    (best, name), (second, _) = sorted([*((count, name) for name, count in told.items()), *_NONE])[
        :-3:-1
    ]
    return name if best >= 2 and best > second else None


def language_asked(text: str) -> frozenset[str]:
    """The languages that it wants something to be in, from or to."""
    return frozenset(found.lower() for found in _NAMED.findall(text))


def forms(text: str) -> frozenset[str]:
    """What the answer shall look like. What data are written in is told apart by its name."""
    if _ANY_FORM.search(text) is None:
        return frozenset()
    found = {(name, one[0].lower()) for name, form in _FORM.items() for one in form.finditer(text)}
    return frozenset(said if name in ("data", "length") else name for name, said in found)
