"""Secrets: keys and tokens by the marks of their issuers, passwords by the names before them."""

import re
from typing import Final

from serve.policy.filters.scanner import Form, Tail, begun_words

# What a token begins with, and how many characters more make it certain.
_MARKS: Final = {
    "sk-": 20, "sk_live_": 16, "sk_test_": 16, "rk_live_": 16, "rk_test_": 16, "whsec_": 20,
    "ghp_": 20, "gho_": 20, "ghu_": 20, "ghs_": 20, "ghr_": 20, "github_pat_": 20, "glpat-": 20,
    "xoxa-": 10, "xoxb-": 10, "xoxe-": 10, "xoxo-": 10, "xoxp-": 10, "xoxr-": 10, "xoxs-": 10,
    "xapp-": 10, "AIza": 30, "GOCSPX-": 20, "ya29.": 20, "AKIA": 16, "ASIA": 16, "hf_": 30,
    "npm_": 30, "pypi-AgEI": 20, "SG.": 20, "dop_v1_": 30, "eyJ": 20, "lsv2_": 20, "tvly-": 20,
    "gsk_": 30, "r8_": 30, "AGE-SECRET-KEY-1": 20, "dckr_pat_": 20, "shpat_": 20, "hearth-": 30,
}  # fmt: skip
_TOKEN: Final = "|".join(rf"{re.escape(mark)}(?=[\w.-]{{{more}}})" for mark, more in _MARKS.items())
_MARK: Final = rf"(?:{'|'.join(map(re.escape, _MARKS))})"
_LETTERS: Final = re.compile(r"[A-Za-z]")
_DIGIT: Final = re.compile(r"\d")
_RUN: Final = re.compile(r"[\w.-]{1,36}")


def _token(text: str, start: int) -> int:
    """Behind the first character: random letters have figures among them, words have not."""
    found = _RUN.match(text, start)
    certain = found[0] if found else ""
    fewest = 2 if "-" in certain[4:] else 1
    return start + 1 if len(_DIGIT.findall(certain)) >= fewest else 0


_TOKENS: Final = Form(
    "secret",
    re.compile(rf"(?<![\w-])(?=[\w.-]{{15}})(?:{_TOKEN})"),
    rf"(?<![\w-])(?:{begun_words(list(_MARKS))}|{_MARK}[\w.-]{{0,35}})",
    _token,
    Tail(re.compile(r"(?:[\w-]|\.(?=[\w-]))*"), re.compile(r"\.\Z")),
)

_BLOCK: Final = Form(
    "secret",
    re.compile(r"-----BEGIN (?:[A-Z]{1,10} ){0,2}PRIVATE KEY(?: BLOCK)?-----"),
    r"-{1,5}(?:B[A-Z ]{0,45}-{0,5})?",
    tail=Tail(
        re.compile(r"(?:[A-Za-z0-9+/=\s:,\\]|-(?!----END))*"),
        re.compile(r"-{1,5}(?:E(?:N(?:D[A-Z ]{0,30}-{0,4})?)?)?\Z"),
        re.compile(r"-----END[A-Z ]{1,30}-----"),
    ),
    needs=re.compile("PRIVATE KEY"),
    reach=(40, 24),
)

_NAMES: Final = (
    "password", "passwd", "passphrase", "pwd", "secret", "token", "api_key", "apikey", "api-key",
    "access_key", "secret_key", "client_secret", "auth_token", "access_token", "private_key",
)  # fmt: skip
_SIGN: Final = r"(?:=>|:=|[:=])[ \t]{0,2}[\"']?"
_VALUE: Final = r"[^\s\"'<>,;&(){}\[\]]"
_NAMED: Final = re.compile(
    rf"(?<![A-Za-z0-9])(?:{'|'.join(_NAMES)})[\"']?[ \t]{{0,2}}{_SIGN}\Z", re.IGNORECASE
)
_GIVEN: Final = re.compile(rf"{_VALUE}{{8,20}}")
_EMPTY: Final = re.compile(
    r"your|example|change|placeholder|redacted|xxx|\*\*|\.\.\.|\$", re.IGNORECASE
)


def _password(text: str, start: int) -> int:
    """A value of letters and figures that stands for itself."""
    value = _GIVEN.match(text, start, start + 20)
    if value is None or not (_DIGIT.search(value[0]) and _LETTERS.search(value[0])):
        return 0
    named = _NAMED.search(text[max(0, start - 40) : start])
    return value.end() if named and not _EMPTY.search(value[0]) else 0


_PASSWORDS: Final = Form(
    "secret",
    re.compile(rf"{_SIGN}((?![:=>]){_VALUE}{{8}})"),
    rf"(?:[:=]|{_SIGN}{_VALUE}{{0,20}})",
    _password,
    Tail(re.compile(rf"{_VALUE}*")),
)

SECRETS: Final = (_TOKENS, _BLOCK, _PASSWORDS)
