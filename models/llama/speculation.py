"""Prompt-lookup speculation: what came after the same words before may come again.

Drafts come from the sequence itself (Saxena 2023, "Prompt Lookup Decoding"); the model checks a
whole draft in one step (Leviathan et al. 2023, arXiv:2211.17192). A drafted token is kept only
when it is the very token that the sampler chooses at its place, so answers stay what they were.
"""

import math

import numpy as np
from numpy.typing import NDArray

Tokens = NDArray[np.int32]

LONGEST_NGRAM = 3
SHORTEST_NGRAM = 2
LONGEST_DRAFT = 24
MAX_DRAFT_ROWS = 64  # in one step, of all sequences
NO_DRAFT = np.empty(0, np.int32)


def lookup(history: Tokens, length: int) -> Tokens:
    """Up to `length` tokens that followed the latest earlier occurrence of the last tokens.

    The last three tokens decide, or the last two where three were not seen before.
    """
    for size in range(LONGEST_NGRAM, SHORTEST_NGRAM - 1, -1):
        if len(history) > size and (at := _latest(history, size)) is not None:
            return history[at + size : at + size + length]
    return NO_DRAFT


def _latest(history: Tokens, size: int) -> int | None:
    """Where the last `size` tokens occurred before, nearest to the end."""
    starts = len(history) - size
    matches = history[:starts] == history[starts]
    for offset in range(1, size):
        matches &= history[offset : starts + offset] == history[starts + offset]
    found = np.flatnonzero(matches)
    return int(found[-1]) if found.size else None


class Acceptance:
    """How likely the next drafted token is right: a decaying mean of what was seen.

    It drifts back to `PRIOR` while nothing is drafted, so that a draft is tried again later.
    """

    PRIOR = 0.6
    MEMORY = 3.0  # drafted tokens
    DRIFT = 0.02  # per token produced without a draft

    def __init__(self) -> None:
        self.rate = self.PRIOR

    def saw(self, accepted: int, drafted: int) -> None:
        """Only the first wrong token of a draft was tried; those behind it say nothing."""
        if drafted == 0:
            self.rate += self.DRIFT * (self.PRIOR - self.rate)
            return
        tried = min(drafted, accepted + 1)
        keep = math.exp(-tried / self.MEMORY)
        self.rate = keep * self.rate + (1 - keep) * accepted / tried

    def draft_length(self, sequences: int, row_cost: float) -> int:
        """How many tokens to draft while `sequences` decode together.

        Token i of a draft survives with probability rate**i. It pays while that is more than a
        row's share of what a token costs without drafts, (1 + row_cost (n - 1)) / n.
        """
        threshold = row_cost * sequences / (1 + row_cost * (sequences - 1))
        if not 0 < threshold < self.rate:
            return 0
        return min(LONGEST_DRAFT, int(math.log(threshold) / math.log(min(self.rate, 0.98))))
