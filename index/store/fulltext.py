"""Questions of words, answered by FTS5: each collection ranks by its own statistics alone."""

import threading
from collections.abc import Sequence
from typing import Final

import apsw

from index.source import Ranked
from index.store.queries import rows
from index.store.tables import of

MOST_MATCHES: Final = 4000  # passages that are scored for a question, if rarer words suffice
MOST_WORDS: Final = 64
_TOKENIZER: Final = ("porter", ["unicode61", "remove_diacritics", "2"])  # as in `tables`
_BEST: Final = "SELECT rowid, -rank FROM words_$ WHERE words_$ MATCH ? ORDER BY rank LIMIT ?"
_ALL: Final = "SELECT rowid, -rank FROM words_$ WHERE words_$ MATCH ? ORDER BY rank"
_COUNT: Final = "SELECT doc FROM vocabulary_$ WHERE term = ?"
_CHANGED: Final = 1.2


class WordCounts:
    """In how many passages of each collection a word is: remembered, for counting reads much.

    They may be old by some fifth of the collection, which only decides what is left out.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[int, tuple[int, dict[str, int]]] = {}

    def of(self, db: apsw.Connection, collection: int, size: int, word: str) -> int:
        with self._lock:
            counted, counts = self._counts.get(collection, (0, {}))
            if not counted <= _CHANGED * size <= _CHANGED**2 * counted:
                counts = {}
                self._counts[collection] = (size, counts)
        if word not in counts:
            found = rows(db, of(_COUNT, collection), (word,))
            counts[word] = next((int(row[0]) for row in found), 0)
        return counts[word]

    def forget(self, collection: int) -> None:
        with self._lock:
            self._counts.pop(collection, None)


class FullText:
    """One collection of `size` passages, as `db` sees it."""

    def __init__(self, db: apsw.Connection, collection: int, size: int, counts: WordCounts) -> None:
        self._db = db
        self._collection = collection
        self._size = size
        self._counts = counts

    def search(self, words: Sequence[str], k: int | None) -> Ranked:
        """The best `k` passages, or all, with any of the rarer of `words`; best first."""
        if not (chosen := self._rare(words)):
            return []
        asked: tuple[object, ...] = (" OR ".join(chosen), *(() if k is None else (k,)))
        sql = of(_ALL if k is None else _BEST, self._collection)
        return [(row, score) for row, score in rows(self._db, sql, asked)]

    def _rare(self, words: Sequence[str]) -> list[str]:
        """As FTS5 quotes them. Words in more passages are left out once the rest is enough."""
        counted = sorted(self._counted(words).items(), key=lambda pair: pair[1])
        chosen: list[str] = []
        matches = 0
        for phrase, count in counted:
            matches += count
            if chosen and matches > MOST_MATCHES:
                break
            chosen.append(phrase)
        return chosen

    def _counted(self, words: Sequence[str]) -> dict[str, int]:
        """Each word as a phrase of its stems, with how many passages have it at most."""
        tokenize = self._db.fts5_tokenizer(*_TOKENIZER)
        found: dict[tuple[str, ...], tuple[str, int]] = {}
        for word in words[:MOST_WORDS]:
            text = word.replace("\0", " ").encode("utf-8", "replace")
            groups = tokenize(text, apsw.FTS5_TOKENIZE_QUERY, None, include_offsets=False)
            stems = tuple(str(stem) for group in groups for stem in group)
            if stems and (fewest := min(self._count(stem) for stem in stems)):
                quoted = text.decode().replace('"', '""')
                found.setdefault(stems, (f'"{quoted}"', fewest))
        return dict(found.values())

    def _count(self, stem: str) -> int:
        return self._counts.of(self._db, self._collection, self._size, stem)
