"""Token vectors: kept small, and compared one by one (late interaction).

A text's token vectors are int8 (t, d): of length 1 and times 127. MaxSim (Khattab and Zaharia,
2020) asks of each token of a question how near the nearest token of a passage is.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

TokenVectors = NDArray[np.int8]
Floats = NDArray[np.float32]

SCALE: Final = 127


def quantised(vectors: Floats) -> TokenVectors:
    """Vectors (t, d) of any length but zero."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = vectors / np.maximum(norms, np.finfo(np.float32).tiny)
    whole: TokenVectors = np.rint(unit * SCALE).astype(np.int8)
    return whole


def pooled(tokens: TokenVectors, factor: int) -> TokenVectors:
    """Every `factor` tokens in a row as their mean: (ceil(t / factor), d)."""
    if factor == 1 or not len(tokens):
        return tokens
    starts = np.arange(0, len(tokens), factor)
    return quantised(np.add.reduceat(tokens.astype(np.float32), starts, axis=0))


def maxsim(question: TokenVectors, passages: Sequence[TokenVectors]) -> Floats:
    """For each passage: the mean over the question's tokens of the best cosine, -1 to 1.

    A passage or a question without tokens has 0.
    """
    scores = np.zeros(len(passages), np.float32)
    present = [place for place, tokens in enumerate(passages) if len(tokens)]
    if not present or not len(question):
        return scores
    rows = np.concatenate([passages[place] for place in present]).astype(np.float32)
    starts = np.cumsum([0, *(len(passages[place]) for place in present[:-1])])
    cosines = rows @ question.astype(np.float32).T  # (all tokens, t)
    scores[present] = np.maximum.reduceat(cosines, starts, axis=0).mean(axis=1) / SCALE**2
    return scores
