"""How likely it is that a passage is about a question, from what the ranking knows of it.

Logistic regressions with one set of weights for each kind of knowledge that there was, fitted by
`benchmarks/confidence.py`, which also says how far to trust them.
"""

import math
from collections.abc import Mapping
from typing import Final

GOOD_ENOUGH: Final = 0.1  # a best passage below it is most likely about something else


_WORDS: Final = {"bias": -3.74, "coverage": 1.62, "words": 3.79}
_DENSE: Final = {"bias": -4.77, "words": 3.74, "dense": 3.73}
_LATE: Final = {"bias": -5.79, "coverage": -1.28, "words": 3.80, "dense": 0.32, "late": 6.53}


def likelihood(stages: Mapping[str, float]) -> float:
    """0 to 1, from the scores of `Hit.stages`: `coverage` is the share of the question's words
    that the passage has, `words` what its BM25 says; `dense` and `late` may be absent.
    """
    weights = _LATE if "late" in stages else _DENSE if "dense" in stages else _WORDS
    known = {"bias": 1.0, **stages}
    return 1 / (1 + math.exp(-sum(weight * known[name] for name, weight in weights.items())))
