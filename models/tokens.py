"""Tokens counted as an embedder will count them, without loading it."""

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from models.embedder import bundled_embedder

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_WORD: Final = re.compile(r"\S+")


class TokenCounter(Protocol):
    """`limit`: how many tokens the embedder takes, its `special` ones included."""

    @property
    def limit(self) -> int: ...

    @property
    def special(self) -> int: ...

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where each token begins and ends in `text`, in order; without the special ones."""


class BundledTokens:
    """Of the bundled all-MiniLM-L6-v2. Any thread may use it."""

    limit: Final = 256
    special: Final = 2

    def __init__(self) -> None:
        self._tokenizer = _tokenizer(bundled_embedder() / "tokenizer.json")

    def spans(self, text: str) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = self._tokenizer.encode(
            text, add_special_tokens=False
        ).offsets
        return found


class WordTokens:
    """Of the embedder that hashes words."""

    special: Final = 0

    def __init__(self, limit: int = 8192) -> None:
        self.limit = limit

    def spans(self, text: str) -> list[tuple[int, int]]:
        return [word.span() for word in _WORD.finditer(text)]


@cache
def _tokenizer(file: Path) -> "Tokenizer":
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer
