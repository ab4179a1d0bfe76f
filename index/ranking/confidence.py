"""How likely it is that a passage is about a question, from what the ranking knows of it.

Logistic regressions with one set of weights for each kind of knowledge that there was, fitted by
`benchmarks/confidence.py`, which also says how far to trust them. A best passage below 0.1 is most
likely about something else.
"""

import math
from collections.abc import Mapping
from typing import Final

_WORDS: Final = {"bias": -3.89, "coverage": 1.12, "words": 4.98}
_DENSE: Final = {"bias": -5.41, "words": 3.75, "dense": 6.38}
_LATE: Final = {"bias": -5.57, "words": 3.50, "dense": 5.34, "late": 1.79}


def likelihood(stages: Mapping[str, float]) -> float:
    """0 to 1, from the scores of `Hit.stages`: `coverage` is the share of the question's words
    that the passage has, `words` what its BM25 says; `dense` and `late` may be absent.
    """
    weights = _LATE if "late" in stages else _DENSE if "dense" in stages else _WORDS
    known = {"bias": 1.0, **stages}
    return 1 / (1 + math.exp(-sum(weight * known[name] for name, weight in weights.items())))
