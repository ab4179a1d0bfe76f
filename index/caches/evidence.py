"""What experience says of one kept answer: for which questions it is right.

After vCache (arXiv 2502.03771): the chance that a kept answer is right rises with the score of a
question like a logistic curve, another one for each answer. Curves under which what was seen is
too unlikely are ruled out, and of the others the most cautious one counts. While that is not good
enough, the answer is generated anyway with a probability such that wrong ones stay within the
budget. The paper fits one curve and bounds its parameters; here all curves of a grid are kept, so
that few or contradictory cases need no fit, and memory does not grow with what was seen.

It holds on average over the questions of one answer, while the curve is a good picture and answers
are judged rightly; it does not promise anything for a single question.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

Curves = NDArray[np.float32]

# Scores are log odds of the verdict: 0 is as likely right as wrong.
_MIDDLES: Final = np.arange(-8.0, 12.01, 0.5)  # the score at which an answer is right half the time
_SLOPES: Final = (0.5, 1.0, 2.0, 4.0)
_MIDDLE, _SLOPE = (
    each.ravel().astype(np.float32) for each in np.meshgrid(_MIDDLES, np.array(_SLOPES))
)
_MISTAKES: Final = (0.001, 0.003, 0.01, 0.03, 0.1)  # chances of ruling out the true curve
_FURTHEST: Final = 12.0  # of a score from 0
BYTES: Final = 4 * len(_MIDDLE) + 160


class Evidence:
    """Of one kept answer."""

    def __init__(self) -> None:
        self.wrong = 0
        self._logs: Curves = np.zeros(len(_MIDDLE), np.float32)

    def observe(self, score: float, right: bool) -> None:
        """That the kept answer was or would have been `right` for a question of that score."""
        self.wrong += not right
        side = 1.0 if right else -1.0
        self._logs -= np.logaddexp(0, -side * _steps(score))
        self._logs -= self._logs.max()  # only what one curve has ahead of another counts

    def doubt(self, score: float, budget: float) -> float:
        """With which probability the answer must be generated anyway, so that at most a share of
        `budget` is answered wrongly.
        """
        chances = np.exp(-np.logaddexp(0, -_steps(score)))
        return min(self._doubt(chances, budget, mistake) for mistake in _MISTAKES)

    def _doubt(self, chances: Curves, budget: float, mistake: float) -> float:
        """By likelihood ratio: of two parameters, exp(-chi² / 2) is the chance of a mistake."""
        possible = chances[self._logs >= math.log(mistake)]
        right = (1 - mistake) * float(possible.min())
        return min(1.0, max(0.0, (1 - budget - right) / (1 - right)))


def _steps(score: float) -> Curves:
    near = max(-_FURTHEST, min(_FURTHEST, score))
    found: Curves = _SLOPE * (np.float32(near) - _MIDDLE)
    return found
