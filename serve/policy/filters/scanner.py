"""Places in a text that filters look for, found while the text comes.

The law: however a text was cut, the same is found. A place is decided only when nothing that may
still come can change it. Each `Form` says with `begun` what may be the beginning of one, at the
end of what has come; only that is held back, and it is never longer than `HELD` characters. What
has no greatest length (an address, a token) is recognised by its head and then only continued.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from serve.policy.filters.kinds import Kind

HELD: Final = 64  # characters that are held back at most
CONTEXT: Final = 48  # characters before a place that may say what it is


@dataclass(frozen=True, slots=True)
class Tail:
    """How a place goes on behind its head: `body`, then `end` if there is one.

    `held`: what at the end of the text may be either.
    """

    body: re.Pattern[str]
    held: re.Pattern[str] | None = None
    end: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True)
class Form:
    """What one kind looks like.

    `head` finds where one may begin; its first group, if it has one, is what is meant. `end` tells
    from the text and that beginning where it ends, or 0: it is none. Neither may look further
    back than `CONTEXT`, nor at what `begun` (a regular expression) does not hold back. `needs` is
    in every head, which reaches so many characters before it and behind where it begins: most texts
    are done quickly so.
    """

    kind: Kind
    head: re.Pattern[str]
    begun: str
    end: Callable[[str, int], int] | None = None
    tail: Tail | None = None
    needs: re.Pattern[str] | None = None
    reach: tuple[int, int] = (0, 0)


class Found(NamedTuple):
    """A place. `more`: it goes on from the one before."""

    kind: Kind
    text: str
    more: bool = False


class _Place(NamedTuple):
    """`[start:end]`; `begin` is where its head begins, by which it takes its turn."""

    begin: int
    start: int
    end: int
    form: Form


Piece = str | Found


class Scanner:
    """Of one text. Where two forms begin at the same place, the one that is named first counts."""

    def __init__(self, forms: Sequence[Form]) -> None:
        self._forms = forms
        self._begun, self._any = _compiled(tuple(forms))
        self._text, self._at = "", 0  # what is kept, and where in it the undecided begins
        self._inside: Form | None = None  # whose tail goes on here

    def feed(self, text: str, final: bool = False) -> list[Piece]:
        """What is certain now, in order. `final`: nothing more comes."""
        text, pieces = self._text + text, list[Piece]()
        at, places = self._at, dict[int, _Place | None]()
        limit = len(text) if final else self._decided(text, at)
        none = self._any.search(text, at) is None
        while True:
            at = self._go_on(text, at, final, pieces)
            place = None if self._inside or none else self._first(text, at, limit, places)
            if place is None:
                break
            if at < place.start:
                pieces.append(text[at : place.start])
            pieces.append(Found(place.form.kind, text[place.start : place.end]))
            at, self._inside = place.end, place.form if place.form.tail else None
        if self._inside is None and at < limit:
            pieces.append(text[at:limit])
            at = limit
        kept = max(0, at - CONTEXT)
        self._text, self._at = text[kept:], at - kept
        return pieces

    def _decided(self, text: str, at: int) -> int:
        found = self._begun.search(text, at)
        return found.start() if found else len(text)

    def _go_on(self, text: str, at: int, final: bool, pieces: list[Piece]) -> int:
        """Behind what belongs to the place that was begun, as far as that is known."""
        if self._inside is None or self._inside.tail is None:
            return at
        kind, tail = self._inside.kind, self._inside.tail
        held = tail.held.search(text, at) if tail.held and not final else None
        until = held.start() if held else len(text)
        found = tail.body.match(text, at, until)
        to = found.end() if found else at
        if to == until and not final:
            pass  # it may go on
        elif tail.end and (closing := tail.end.match(text, to)):
            to, self._inside = closing.end(), None
        else:
            self._inside = None
        if at < to:
            pieces.append(Found(kind, text[at:to], more=True))
        return to

    def _first(
        self, text: str, at: int, limit: int, places: dict[int, _Place | None]
    ) -> _Place | None:
        """The first place from `at` on that begins before `limit`. `places` by form, as known."""
        first: _Place | None = None
        for number, form in enumerate(self._forms):
            known = places.get(number)
            if number not in places or (known is not None and known.begin < at):
                known = places[number] = _next(form, text, at, limit)
            if known is not None and (first is None or known.begin < first.begin):
                first = known
        return first


def _next(form: Form, text: str, at: int, limit: int) -> _Place | None:
    while (found := _head(form, text, at)) and found.start() < limit:
        start, end = found.span(1 if form.head.groups else 0)
        if form.end is not None:
            end = form.end(text, start)
        if end > start:
            return _Place(found.start(), start, end, form)
        at = found.start() + 1
    return None


def _head(form: Form, text: str, at: int) -> re.Match[str] | None:
    if form.needs is None:
        return form.head.search(text, at)
    (before, behind), place = form.reach, at
    while needed := form.needs.search(text, place):
        begin = max(at, needed.start() - before)
        if found := form.head.search(text, begin, needed.start() + behind):
            return found
        place = needed.start() + 1
    return None


_COMPILED: dict[tuple[str, ...], tuple[re.Pattern[str], re.Pattern[str]]] = {}


def _compiled(forms: tuple[Form, ...]) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What may be the beginning of any of `forms`, up to the end of the text; and what is in every
    text in which there is one.
    """
    begun = tuple(form.begun for form in forms)
    if begun not in _COMPILED:
        signs = [(form.needs or form.head).pattern for form in forms]
        both = rf"(?:{'|'.join(begun)})\Z", "|".join(f"(?:{sign})" for sign in signs)
        ends, any_of = map(re.compile, both if forms else ("(?!)", "(?!)"))
        _COMPILED[begun] = ends, any_of
    return _COMPILED[begun]


def scan(text: str, forms: Sequence[Form]) -> list[Piece]:
    """A whole text."""
    return Scanner(forms).feed(text, final=True)


def whole(pieces: Sequence[Piece]) -> list[Piece]:
    """The same with every place in one piece."""
    joined: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, Found) and piece.more and joined and isinstance(joined[-1], Found):
            last = joined.pop()
            assert isinstance(last, Found)
            piece = Found(last.kind, last.text + piece.text)
        joined.append(piece)
    return joined


def begun_words(words: Sequence[str]) -> str:
    """A regular expression for the beginning of any of `words`, or all of it, where text ends."""
    tree: dict[str, dict[str, object]] = {}
    for word in words:
        node = tree
        for char in word:
            node = node.setdefault(char, {})  # type: ignore[assignment]
    return _branches(tree)


def _branches(node: dict[str, dict[str, object]]) -> str:
    each = [
        re.escape(char) + (f"(?:{_branches(below)})?" if below else "")  # type: ignore[arg-type]
        for char, below in node.items()
    ]
    return "|".join(each)
