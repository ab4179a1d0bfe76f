"""Questions of words, ranked by BM25 over what FTS5 knows of words and lengths.

FTS5's own ranking takes a microsecond for every passage with any of the words, some 140 ms for ten
words among 100,000 passages. Leaving common words out makes it fast and much worse (on Cranfield,
nDCG@10 fell from .36 to .23 when a question might match a tenth of the passages). Reading lists of
passages and adding up in numpy takes a tenth of that, and the result is the same as FTS5's.
"""

import threading
from collections.abc import Iterator, Sequence
from typing import Any, Final

import apsw
import numpy as np
from numpy.typing import NDArray

from index.source import Ranked
from index.store.queries import one_row, rows
from index.store.tables import of
from index.vectors.exact import best
from index.vectors.roster import NONE, Ids, Mask, Roster

MOST_POSTINGS: Final = 100_000  # that one question reads, rare words first: some 15 ms
MOST_WORDS: Final = 64
REMEMBERED: Final = 16  # postings for each passage, of 8 bytes
_CHEAP: Final = 500  # postings that are as well read again
SATURATION: Final = 1.2  # k1 of BM25
LENGTH_WEIGHT: Final = 0.75  # b
_LEAST_IDF: Final = 1e-6  # of words in more than half of all passages
_TOKENIZER: Final = ("porter", ["unicode61", "remove_diacritics", "2"])  # as in `tables`

_COUNT: Final = "SELECT doc FROM vocabulary_$ WHERE term = ?"
_PLACES: Final = "SELECT group_concat(doc) FROM occurrences_$ WHERE term = ?"
_LENGTHS: Final = "SELECT id, sz FROM words_$_docsize WHERE id > ? ORDER BY id"
_TEXTS: Final = "SELECT COUNT(*) FROM words_$_docsize"
_VERSION: Final = "SELECT version FROM collections WHERE number = ?"

Weights = NDArray[np.float32]
Postings = tuple[NDArray[np.int32], Weights]


class TextIndex:
    """One collection's texts. What it remembers holds for one version of the collection."""

    def __init__(self, collection: int) -> None:
        self._collection = collection
        self._lock = threading.Lock()
        self._version = -1
        self._ids: Ids = NONE
        self._lengths: Weights = np.empty(0, np.float32)
        self._mean = 1.0
        self._size = 0
        self._counts: dict[str, int] = {}
        self._postings: dict[str, Postings] = {}
        self._remembered = 0

    def search(
        self,
        db: apsw.Connection,
        words: Sequence[str],
        k: int,
        roster: Roster,
        chosen: Mask | None = None,
    ) -> Ranked:
        """The best `k` passages with any of `words`, of all or of the `chosen` documents."""
        with self._lock:
            version = self._refreshed(db)
            stems = self._rare(db, _stems(db, words))
            found = [self._weighed(db, stem, version) for stem in stems]
            ids = self._ids
        scores = np.zeros(len(ids), np.float32)
        for places, weights in found:
            scores[places] += weights
        hits = np.flatnonzero(scores)
        if chosen is not None:
            hits = hits[roster.alive(ids[hits], chosen)]
        top, values = best(ids[hits], scores[hits], k)
        return list(zip(top.tolist(), values.tolist(), strict=True))

    def _refreshed(self, db: apsw.Connection) -> int:
        """Knows the length of every text that `db` sees; its version."""
        version = int(one_row(db, _VERSION, (self._collection,))[0])
        if version <= self._version:
            return version
        self._size = int(one_row(db, of(_TEXTS, self._collection))[0])
        if len(self._ids) > 1.25 * self._size:
            self._ids, self._lengths = NONE, np.empty(0, np.float32)
        newest = int(self._ids[-1]) if len(self._ids) else 0
        fresh = list(rows(db, of(_LENGTHS, self._collection), (newest,)))
        ids = np.fromiter((row for row, _ in fresh), np.int64, len(fresh))
        lengths = np.fromiter((_length(blob) for _, blob in fresh), np.float32, len(fresh))
        self._ids = np.concatenate((self._ids, ids))
        self._lengths = np.concatenate((self._lengths, lengths))
        self._mean = max(1.0, float(self._lengths.mean())) if len(self._lengths) else 1.0
        self._counts, self._postings, self._remembered = {}, {}, 0
        self._version = version
        return version

    def _rare(self, db: apsw.Connection, stems: Sequence[str]) -> Iterator[str]:
        """From the rarest on, as many as are cheap enough, and at least one that there is.

        A word in more than half of many passages tells nothing, unless there is no other.
        """
        counted = sorted((self._count(db, stem), stem) for stem in stems)
        read = 0
        for count, stem in counted:
            read += count
            if read > count and (read > MOST_POSTINGS or count > max(_CHEAP, self._size / 2)):
                return
            if count:
                yield stem

    def _count(self, db: apsw.Connection, stem: str) -> int:
        if stem in self._counts:
            return self._counts[stem]
        for (count,) in rows(db, of(_COUNT, self._collection), (stem,)):
            self._counts[stem] = int(count)
            return int(count)
        return 0  # not remembered: there is no end of words that are nowhere

    def _weighed(self, db: apsw.Connection, stem: str, version: int) -> Postings:
        """Where in `_ids` the word is, and what that is worth. `version` is what `db` sees."""
        if stem in self._postings and version == self._version:
            return self._postings[stem]
        text = one_row(db, of(_PLACES, self._collection), (stem,))[0]
        found, times = _counted(np.fromstring(text or "", np.int64, sep=","))
        places = np.searchsorted(self._ids, found).clip(max=len(self._ids) - 1)
        known = self._ids[places] == found  # else it was removed since
        places = places[known].astype(np.int32)
        weights = self._bm25(times[known], places)
        room = REMEMBERED * len(self._ids) - self._remembered
        if version == self._version and _CHEAP < len(places) <= room:
            self._postings[stem] = places, weights
            self._remembered += len(places)
        return places, weights

    def _bm25(self, times: Weights, places: NDArray[np.int32]) -> Weights:
        count = len(places)
        size = max(self._size, count)  # `db` may see more than is known
        idf = max(_LEAST_IDF, float(np.log((size - count + 0.5) / (count + 0.5))))
        relative = self._lengths[places] / self._mean
        norm = SATURATION * (1 - LENGTH_WEIGHT + LENGTH_WEIGHT * relative)
        return np.asarray(idf * times * (SATURATION + 1) / (times + norm), np.float32)


def _stems(db: apsw.Connection, words: Sequence[str]) -> list[str]:
    """What the collection's tokenizer makes of `words`, each once."""
    tokenize = db.fts5_tokenizer(*_TOKENIZER)
    text = "\n".join(words[:MOST_WORDS]).replace("\0", " ").encode("utf-8", "replace")
    groups: Any = tokenize(text, apsw.FTS5_TOKENIZE_QUERY, None, include_offsets=False)
    return list(dict.fromkeys(str(stem) for group in groups for stem in group))


def _counted(ascending: Ids) -> tuple[Ids, Weights]:
    """Each number once, and how often it is there."""
    starts = np.flatnonzero(np.diff(ascending, prepend=-1))
    times = np.diff(starts, append=len(ascending))
    return ascending[starts], times.astype(np.float32)


def _length(blob: bytes) -> int:
    """A number as SQLite writes it: seven bits in a byte, the last without the highest bit."""
    found = 0
    for byte in blob:
        found = found << 7 | byte & 0x7F
    return found
