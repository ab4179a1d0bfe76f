"""Scores of several kinds in one order, and how far words are trusted for a question.

Cosines mean the same for every question, so that they count as they are: where all are alike,
they decide nothing. BM25 means something only beside the best of the same question: a passage
with half of its score has a quarter of its strength. That counts as far as the best one covers
the question: fully when a part number is asked for and found, little when a question says in
other words what a passage says, or is misspelled. This gate needs no labels and no setting; in
development it held, to within a hundredth, where BM25 is three times as good as the vectors and
where it is two thirds as good.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from index.ranking.words import covered

Scores = NDArray[np.float32]

WORDS: Final = 0.4
DENSE_ALONE: Final = 0.7  # of the cosine before token vectors are looked at
DENSE: Final = 0.6
LATE: Final = 0.5
REREAD: Final = 0.7  # of what a cross-encoder says, where there is one


def strength(lexical: Scores, question: Sequence[str], best: str) -> Scores:
    """0 to 1 for each passage, from its BM25 and the text of the one with the highest."""
    highest = lexical.max(initial=0.0)
    if highest <= 0:
        return np.zeros_like(lexical)
    gate = covered(question, best)
    return np.asarray(gate * (np.maximum(lexical, 0) / highest) ** 2, np.float32)


def fused(words: Scores, cosines: Scores) -> Scores:
    """From `strength` and cosines."""
    return np.asarray(WORDS * words + DENSE_ALONE * cosines, np.float32)


def blended(words: Scores, cosines: Scores, late: Scores) -> Scores:
    """The same, with MaxSim."""
    return np.asarray(WORDS * words + DENSE * cosines + LATE * late, np.float32)


def reread(order: Scores, answers: Scores) -> Scores:
    """`order` by what was known before, and a cross-encoder's scores, of the same passages."""
    return REREAD * standardised(answers) + (1 - REREAD) * standardised(order)


def standardised(scores: Scores) -> Scores:
    """In deviations from the mean; all 0 where they do not differ."""
    deviation = max(float(scores.std()), 1e-6)
    return np.asarray((scores - scores.mean()) / deviation, np.float32)
