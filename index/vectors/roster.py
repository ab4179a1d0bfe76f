"""Which passages are alive, and whose they are, as the database last said."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]
Mask = NDArray[np.bool_]

NONE: Final[Ids] = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class Span:
    """The passages of one document: all ids from `first` to `last`."""

    first: int
    last: int
    document: str


def within(ids: Ids, ascending: Ids) -> Mask:
    """Which of `ids` are among others that ascend."""
    if not len(ascending):
        return np.zeros(len(ids), np.bool_)
    place = np.searchsorted(ascending, ids).clip(max=len(ascending) - 1)
    return np.asarray(ascending[place] == ids, np.bool_)


class Roster:
    """Documents as ranges of passage ids, in order of `first`. Never changed once made."""

    def __init__(self, spans: Sequence[Span] = ()) -> None:
        self._firsts = np.fromiter((span.first for span in spans), np.int64, len(spans))
        self._lasts = np.fromiter((span.last for span in spans), np.int64, len(spans))
        self._documents = [span.document for span in spans]
        self.size = int((self._lasts - self._firsts + 1).sum())

    @property
    def newest(self) -> int:
        """The greatest id that is alive, or 0."""
        return int(self._lasts[-1]) if len(self._lasts) else 0

    def alive(self, ids: Ids, chosen: Mask | None = None) -> Mask:
        """Which of `ids` belong to a document, or to one of the `chosen`."""
        if not len(self._firsts):
            return np.zeros(len(ids), np.bool_)
        place = np.searchsorted(self._firsts, ids, side="right") - 1
        found: Mask = (place >= 0) & (ids <= self._lasts[place])
        return found if chosen is None else found & chosen[place]

    def chosen(self, documents: Collection[str]) -> Mask:
        """For `alive` and `ids`: which documents are among these ids."""
        wanted = documents if isinstance(documents, (set, frozenset)) else set(documents)
        found = (document in wanted for document in self._documents)
        return np.fromiter(found, np.bool_, len(self._documents))

    def ids(self, chosen: Mask | None = None) -> Ids:
        """All that are alive, or those of the `chosen` documents, ascending."""
        firsts = self._firsts if chosen is None else self._firsts[chosen]
        lasts = self._lasts if chosen is None else self._lasts[chosen]
        counts = lasts - firsts + 1
        if not len(counts):
            return NONE
        starts = np.repeat(firsts - (np.cumsum(counts) - counts), counts)
        return np.asarray(starts + np.arange(int(counts.sum())), np.int64)
