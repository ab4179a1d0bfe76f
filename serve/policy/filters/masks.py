"""What is put in the place of what was found, and how a reader gets it back.

`[EMAIL]` for good; `<EMAIL_1>` where the answer shall have the original again: the same text has
the same number, numbers go by first appearance, and none is taken that the conversation has
already. As a client sends its conversation whole every time, a text keeps its number in it.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol

from serve.policy.filters.kinds import Action, Kind
from serve.policy.filters.scanner import Form, Found, Scanner, scan, whole

Note = Callable[[Kind, Action], None]

AT_A_TIME: Final = 500  # characters
_MASK: Final = re.compile(r"<[A-Z_]{2,11}_\d{1,5}>")
_MASKS: Final = Form("term", _MASK, r"<[A-Z_]{0,12}\d{0,5}")


class TextFilter(Protocol):
    """Text in, text out; how it was cut makes no difference."""

    def feed(self, text: str, final: bool = False) -> str:
        """What is certain now. `final`: nothing more comes."""


class Blocked(Exception):
    """Here an answer ends. `kind`: what it would have said; `said`: what goes out before it."""

    def __init__(self, kind: Kind, said: str) -> None:
        super().__init__(kind, said)
        self.kind = kind
        self.said = said


class Masker:
    """Masks what is found, or stops at it. Raises `Blocked`."""

    def __init__(self, forms: Sequence[Form], blocked: frozenset[Kind], note: Note) -> None:
        self._scanner = Scanner(forms)
        self._blocked = blocked
        self._note = note

    def feed(self, text: str, final: bool = False) -> str:
        said = ""
        for piece in self._scanner.feed(text, final):
            if isinstance(piece, str):
                said += piece
            elif piece.kind in self._blocked:
                self._note(piece.kind, "block")
                raise Blocked(piece.kind, said)
            elif not piece.more:
                self._note(piece.kind, "mask")
                said += f"[{piece.kind.upper()}]"
        return said


class Noter:
    """Notes what is found and lets everything pass at once; so it may look at much at a time."""

    def __init__(self, forms: Sequence[Form], note: Note) -> None:
        self._scanner = Scanner(forms)
        self._note = note
        self._waiting = ""

    def feed(self, text: str, final: bool = False) -> str:
        self._waiting += text
        if final or len(self._waiting) >= AT_A_TIME:
            waiting, self._waiting = self._waiting, ""
            for piece in self._scanner.feed(waiting, final):
                if isinstance(piece, Found) and not piece.more:
                    self._note(piece.kind, "note")
        return text


class Vault:
    """The masks of one conversation."""

    def __init__(self, forms: Sequence[Form], texts: Iterable[str], reversible: bool) -> None:
        """`texts`: the conversation in order."""
        self._forms = forms
        self._reversible = reversible
        self._masks: dict[tuple[Kind, str], str] = {}
        conversation = list(texts)
        self._taken = {mask for text in conversation for mask in _MASK.findall(text)}
        self._counts: dict[Kind, int] = {}
        self._known: dict[str, str] = {}
        for text in conversation:
            self.masked(text)

    @property
    def originals(self) -> dict[str, str]:
        """By mask."""
        return {mask: text for (_, text), mask in self._masks.items()} if self._reversible else {}

    def masked(self, text: str) -> str:
        if text not in self._known:
            pieces = whole(scan(text, self._forms))
            self._known[text] = "".join(p if isinstance(p, str) else self._mask(p) for p in pieces)
        return self._known[text]

    def _mask(self, found: Found) -> str:
        if not self._reversible:
            return f"[{found.kind.upper()}]"
        key = (found.kind, found.text)
        while key not in self._masks:
            number = self._counts[found.kind] = self._counts.get(found.kind, 0) + 1
            mask = f"<{found.kind.upper()}_{number}>"
            if mask not in self._taken:
                self._masks[key] = mask
        return self._masks[key]


class Restorer:
    """Puts `originals` (by mask) back."""

    def __init__(self, originals: dict[str, str]) -> None:
        self._scanner = Scanner((_MASKS,))
        self._originals = originals

    def feed(self, text: str, final: bool = False) -> str:
        pieces = self._scanner.feed(text, final)
        return "".join(
            piece if isinstance(piece, str) else self._originals.get(piece.text, piece.text)
            for piece in pieces
        )


class Chain:
    """Several filters, one behind the other."""

    def __init__(self, filters: Sequence[TextFilter]) -> None:
        self._filters = filters

    def feed(self, text: str, final: bool = False) -> str:
        for place, one in enumerate(self._filters):
            try:
                text = one.feed(text, final)
            except Blocked as blocked:
                rest = Chain(self._filters[place + 1 :]).feed(blocked.said, final=True)
                raise Blocked(blocked.kind, rest) from None
        return text
