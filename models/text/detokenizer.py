"""Pieces of tokens into text that can be shown: whole characters, nothing of a stop string."""

import codecs
from collections.abc import Iterable


class Detokenizer:
    """UTF-8 piece by piece. A character whose bytes are not all there yet is held back."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def feed(self, piece: bytes) -> str:
        return self._decoder.decode(piece)


class StopStrings:
    """Ends a text before the first of some strings, however it was cut into pieces.

    Text is held back only as far as it may be the start of a stop string.
    """

    def __init__(self, strings: Iterable[str]) -> None:
        self._strings = tuple(filter(None, strings))
        self._held = ""
        self.found = False

    def feed(self, text: str) -> str:
        """What of the text so far is new and certain; nothing more once a string was found."""
        if not self._strings or self.found:
            return "" if self.found else text
        text = self._held + text
        found = [at for string in self._strings if (at := text.find(string)) >= 0]
        if found:
            self.found, self._held = True, ""
            return text[: min(found)]
        safe = len(text) - max(held_back(text, string) for string in self._strings)
        self._held = text[safe:]
        return text[:safe]

    def flush(self) -> str:
        """What was held back, when nothing more comes."""
        held, self._held = self._held, ""
        return held


def held_back(text: str, string: str) -> int:
    """How many characters at the end of `text` may be the start of `string`."""
    longest = min(len(text), len(string) - 1)
    return next((n for n in range(longest, 0, -1) if string.startswith(text[-n:])), 0)
