"""Pictures in an answer made harmless: what would be fetched before anybody clicks.

Of all links only these: pictures, definitions (a picture may refer to them) and HTML other than
links. Hosts that the user or the operator named stay.
"""

import re
from typing import ClassVar, Final

from index.answers.links import LinkFilter, Step

HELD: Final = 64  # characters that are held back at most

_PLAIN: Final = re.compile(r"[^\n\r`\[\]<]+")
_LINK: Final = re.compile(r"</?a(?=[ >])|<(?:https?|ftp):", re.IGNORECASE)
_LINK_BEGUN: Final = re.compile(r"<(?:/?a?|h|ht|htt|https?|f|ft|ftp)\Z", re.IGNORECASE)


class PictureFilter(LinkFilter):
    """Text in, the same without foreign pictures out, however it was cut. A host of more than 40
    characters is never taken for a named one.
    """

    held: ClassVar[int] = HELD - 4
    host: ClassVar[re.Pattern[str]] = re.compile(
        r"(?:https?://|(?=www\.))([\w.-]{1,40})(?::\d{0,5})?", re.IGNORECASE
    )

    def __init__(self, own: list[str]) -> None:
        super().__init__(own)
        self._open: list[bool] = []  # the brackets that are open, and whether they are pictures'

    def _inline(self, text: str, at: int, final: bool) -> Step | None:
        char = text[at]
        if self._beginning or char == "`" or (char == "~" and self._blank):
            return super()._inline(text, at, final)
        if char == "[":
            self._open.append(self._last == "!")
            return 1, char
        if char == "]":
            return self._bracket(text, at, final)
        if char == "<":
            return self._tag(text, at, final)
        found = _PLAIN.match(text, at)
        assert found is not None
        return len(found[0]), found[0]

    def _end_line(self, char: str) -> Step:
        if self._blank:
            self._open.clear()
        return super()._end_line(char)

    def _bracket(self, text: str, at: int, final: bool) -> Step | None:
        picture = bool(self._open and self._open[-1])
        defines = self._defines and text[at + 1 : at + 2] == ":"
        step: Step | None = (1, "]")
        if defines:
            step = self._definition(text, at, final)
        elif picture or (at + 1 == len(text) and not final):
            step = super()._bracket(text, at, final)
        if step is not None and self._open:
            self._open.pop()
        return step

    def _definition(self, text: str, at: int, final: bool) -> Step | None:
        own = self._is_own(text, at + 2, final)
        return None if own is None else (2, "]:" if own else "] :")

    def _tag(self, text: str, at: int, final: bool) -> Step | None:
        if not final and _LINK_BEGUN.match(text, at):
            return None
        return (1, "<") if _LINK.match(text, at) else super()._tag(text, at, final)
