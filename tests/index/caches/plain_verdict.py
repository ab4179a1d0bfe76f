"""A verdict that believes in cosines alone: from 0.8 on, it takes two questions for the same."""

from typing import Final

import numpy as np

from index.caches.verdict import FEATURES, Rarity, Verdict

ALIKE: Final = 0.8


def by_cosine() -> Verdict:
    inner, outer = np.zeros((FEATURES + 1, 1)), np.array([100.0, 0.0])
    inner[0, 0], inner[-1, 0] = 1.0, -ALIKE
    return Verdict(
        Rarity({}), np.zeros(FEATURES), np.ones(FEATURES), inner, outer, {0.01: 0.5, 0.1: 0.01}
    )
