"""Which kept answer a question in other words may get, if any.

Only questions are kept here, grouped by their context: everything besides the last words that
could change the answer. Within it, the nearest by cosine are looked at, vetoes first, then the
verdict: its threshold counts for an answer of which nothing wrong is known. What is known of an
answer (`index.caches.evidence`) may open it to more questions, or close it to some.
`ExactCache` has the answers, under the same keys, with their age and their price.
"""

import math
import random
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from index.caches.evidence import BYTES, Evidence
from index.caches.measured import Measured
from index.caches.nearby import Nearby
from index.caches.verdict import Parsed, Sentence, Verdict
from index.caches.vetoes import vetoes
from index.documents import Vector

NEAREST: Final = 3  # kept questions that a new one is compared with
ALIKE: Final = 0.6  # the cosine below which nothing is looked at
MARGIN: Final = 0.1  # of cosine: who is so far behind the nearest is not looked at either
ENTRY_BYTES: Final = 1200  # of one entry besides its text and vectors: measured, rounded up
_SURE: Final = 1e-6  # as near to 0 and 1 as a probability comes

There = Callable[[bytes], bool]


@dataclass(frozen=True, slots=True)
class Found:
    """`key` of an answer that may be given; None: none may, for this `reason`.

    `candidate`: the key of the answer that was, or was nearly, to be given, with its `score`:
    whether it would have been right can be told to `observe`. `sure`: it would be given, were
    not too many answers wrong.
    """

    key: bytes | None
    reason: str
    candidate: bytes | None = None
    score: float = 0.0
    sure: bool = False


def _always(key: bytes) -> bool:
    return True


@dataclass(slots=True)
class _Entry:
    context: bytes
    parsed: Parsed
    size: int  # bytes
    evidence: Evidence | None = None


class SemanticCache:
    """At most `most` bytes; who has not been asked for longest goes first. `budget`: the share of
    questions with no right answer here that may get a wrong one. `draw` gives numbers of [0, 1).
    """

    def __init__(
        self,
        most: int,
        verdict: Verdict,
        budget: float,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self.size = 0
        self.most = most
        self.measured = Measured()
        self._verdict = verdict
        self._budget = budget
        self._draw = draw
        self._threshold = verdict.threshold(budget)
        self._contexts: dict[bytes, Nearby] = {}
        self._entries: OrderedDict[bytes, _Entry] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, context: bytes, sentence: Sentence, there: There = _always) -> Found:
        """`there` tells whether the answer under a key is; where it is gone, its question goes."""
        self.measured.asked += 1
        found = self._find(context, sentence, there)
        self.measured.hits += found.sure
        if found.sure and self.measured.breaks(self._budget):
            return replace(found, key=None, reason="too often wrong")
        return found

    def put(self, context: bytes, key: bytes, sentence: Sentence) -> None:
        """Keeps a question, unless it alone is larger than an eighth of the whole cache."""
        self.drop(key)
        parsed = self._verdict.parsed(sentence)
        size = ENTRY_BYTES + parsed.size + sentence.tokens.nbytes
        size += 5 * sentence.vector.nbytes  # its own, and room among its neighbours
        if size > self.most // 8:
            return
        self._make_room(size)
        nearby = self._contexts.get(context)
        if nearby is None:
            nearby = self._contexts[context] = Nearby(len(sentence.vector))
        nearby.add(key, sentence.vector)
        self._entries[key] = _Entry(context, parsed, size)
        self.size += size

    def drop(self, key: bytes) -> None:
        """When its answer is gone."""
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        self.size -= entry.size
        nearby = self._contexts[entry.context]
        nearby.remove(key)
        if not len(nearby):
            del self._contexts[entry.context]

    def observe(self, found: Found, right: bool) -> None:
        """What came of generating anyway where `found` was, or was nearly, an answer."""
        if found.sure:
            self.measured.checked += 1
            self.measured.wrong += not right
        entry = self._entries.get(found.candidate or b"")
        if entry is None:
            return
        if entry.evidence is None:
            entry.evidence = Evidence()
            entry.size += BYTES
            self.size += BYTES
            self._make_room(0)
        entry.evidence.observe(found.score, right)

    def disliked(self, key: bytes) -> bool:
        """A thumb down on an answer given in other words: it is given no more. False: not here."""
        known = key in self._entries
        self.measured.disliked += known
        self.drop(key)
        return known

    def _make_room(self, size: int) -> None:
        while self.size + size > self.most:
            self.drop(next(iter(self._entries)))

    def _near(self, context: bytes, vector: Vector, there: There) -> list[tuple[bytes, float]]:
        """The nearest, best first; those whose answers are gone make room for others."""
        while (nearby := self._contexts.get(context)) is not None:
            near = nearby.nearest(vector, NEAREST)
            gone = [key for key, _ in near if not there(key)]
            if not gone:
                return near
            for key in gone:
                self.drop(key)
        return []

    def _find(self, context: bytes, sentence: Sentence, there: There) -> Found:
        near = self._near(context, sentence.vector, there)
        if not near:
            return Found(None, "nothing alike")
        asked, refused = self._verdict.parsed(sentence), list[Found]()
        for key, cosine in near:
            if cosine < max(ALIKE, near[0][1] - MARGIN):
                break
            found = self._judged(asked, key, cosine)
            if found.key is not None:
                self._entries.move_to_end(key)
                return found
            refused.append(found)
        nearly = (found for found in refused if found.candidate is not None)
        return next(nearly, refused[0] if refused else Found(None, "nothing alike"))

    def _judged(self, asked: Parsed, key: bytes, cosine: float) -> Found:
        entry = self._entries[key]
        if (word := next(vetoes(asked.said, entry.parsed.said), None)) is not None:
            return Found(None, f"vetoed: {word}")
        probability = self._verdict.probability(asked, entry.parsed)
        near = max(_SURE, min(1 - _SURE, probability))
        score = math.log(near / (1 - near))
        if self._trusted(entry.evidence, probability, score):
            return Found(key, f"similar, {cosine:.2f}", key, score, True)
        return Found(None, "not sure", key, score)

    def _trusted(self, evidence: Evidence | None, probability: float, score: float) -> bool:
        if probability >= self._threshold and not (evidence and evidence.wrong):
            return True
        return evidence is not None and self._draw() >= evidence.doubt(score, self._budget)
