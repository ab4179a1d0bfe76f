"""Which kept answer a question in other words may get, if any.

Only questions are kept here, grouped by their context: everything besides the last words that
could change the answer. Within it, the nearest by cosine are looked at, vetoes first, then the
verdict. `ExactCache` has the answers, under the same keys, with their age and their price.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from index.caches.said import Said
from index.caches.verdict import Sentence, Verdict
from index.caches.vetoes import vetoes
from index.documents import TokenVectors, Vector

NEAREST: Final = 3  # kept questions that a new one is compared with
ALIKE: Final = 0.6  # the cosine below which nothing is looked at
MOST: Final = 2048  # questions of one context, so that all are compared in a fraction of a ms
ENTRY_BYTES: Final = 1200  # of one entry besides its text and vectors: measured, rounded up


@dataclass(frozen=True, slots=True)
class Found:
    """`key` of an answer that may be given; None: none may, for this `reason`."""

    key: bytes | None
    reason: str


@dataclass(slots=True)
class _Context:
    """`vectors` (room, d): the first rows are those of `keys`, in their order."""

    vectors: Vector
    keys: list[bytes] = field(default_factory=list)
    said: list[tuple[str, TokenVectors]] = field(default_factory=list)

    def add(self, key: bytes, sentence: Sentence) -> None:
        count = len(self.keys)
        if count == len(self.vectors):
            self._resize(2 * count)
        self.vectors[count] = sentence.vector
        self.keys.append(key)
        self.said.append((sentence.text, sentence.tokens))

    def remove(self, key: bytes) -> None:
        """The last one takes its place."""
        place, last = self.keys.index(key), len(self.keys) - 1
        self.vectors[place] = self.vectors[last]
        self.keys[place], self.said[place] = self.keys[last], self.said[last]
        self.keys.pop()
        self.said.pop()
        if 0 < 4 * last < len(self.vectors):
            self._resize(2 * last)

    def nearest(self, vector: Vector) -> list[tuple[bytes, Sentence, float]]:
        """The `NEAREST`, with their cosines, best first."""
        cosines = self.vectors[: len(self.keys)] @ vector
        places = np.argsort(-cosines)[:NEAREST].tolist()
        return [(self.keys[at], self._sentence(at), float(cosines[at])) for at in places]

    def _sentence(self, place: int) -> Sentence:
        text, tokens = self.said[place]
        return Sentence(text, self.vectors[place], tokens)

    def _resize(self, room: int) -> None:
        vectors = np.zeros((room, self.vectors.shape[1]), np.float32)
        count = min(room, len(self.keys))
        vectors[:count] = self.vectors[:count]
        self.vectors = vectors


class SemanticCache:
    """At most `most` bytes; who has not been asked for longest goes first. `budget`: the share of
    questions with no right answer here that may get a wrong one.
    """

    def __init__(self, most: int, verdict: Verdict, budget: float) -> None:
        self.size = 0
        self.most = most
        self._verdict = verdict
        self._threshold = verdict.threshold(budget)
        self._contexts: dict[bytes, _Context] = {}
        self._sizes: OrderedDict[bytes, tuple[bytes, int]] = OrderedDict()  # context, bytes

    def __len__(self) -> int:
        return len(self._sizes)

    def find(self, context: bytes, sentence: Sentence) -> Found:
        kept = self._contexts.get(context)
        reason, said = "nothing alike", Said(sentence.text)
        for key, other, cosine in kept.nearest(sentence.vector) if kept else ():
            if cosine < ALIKE:
                break
            against = self._against(sentence, said, other)
            if against is None:
                self._sizes.move_to_end(key)
                return Found(key, f"similar, {cosine:.2f}")
            reason = against if reason == "nothing alike" else reason
        return Found(None, reason)

    def put(self, context: bytes, key: bytes, sentence: Sentence) -> None:
        """Keeps a question, unless it alone is larger than an eighth of the whole cache."""
        self.drop(key)
        size = ENTRY_BYTES + 4 * len(sentence.text) + sentence.tokens.nbytes
        size += 4 * sentence.vector.nbytes  # a context's vectors have room for up to four times
        if size > self.most // 8:
            return
        while self.size + size > self.most:
            self.drop(next(iter(self._sizes)))
        place = self._contexts.get(context)
        if place is None:
            vectors = np.zeros((1, len(sentence.vector)), np.float32)
            place = self._contexts[context] = _Context(vectors)
        elif len(place.keys) >= MOST:
            self.drop(place.keys[0])
        place.add(key, sentence)
        self._sizes[key] = (context, size)
        self.size += size

    def drop(self, key: bytes) -> None:
        """When its answer is gone."""
        context, size = self._sizes.pop(key, (b"", 0))
        kept = self._contexts.get(context)
        if kept is None:
            return
        self.size -= size
        kept.remove(key)
        if not kept.keys:
            del self._contexts[context]

    def _against(self, asked: Sentence, said: Said, kept: Sentence) -> str | None:
        """Why the answer to `kept` is none to `asked`."""
        if (word := next(vetoes(said, Said(kept.text)), None)) is not None:
            return f"vetoed: {word}"
        if self._verdict.probability(asked, kept) < self._threshold:
            return "not sure"
        return None
