"""How hard a prompt is, in time for the router: one embedding and a few thousand products."""

from typing import Protocol

from serve.documents.questions import Asking
from serve.policy.difficulty import trained
from serve.policy.routing import Guess


class Judge(Protocol):
    """Says how likely a request needs the strong tier."""

    async def guess(self, asking: Asking, quality: float) -> Guess: ...


class DifficultyJudge:
    """`patience` in seconds; an embedder that needs longer leaves only the surface to judge.

    `fits`: the weights were trained on vectors of the embedder that is here.
    """

    def __init__(self, patience: float, fits: bool = True) -> None:
        self._patience = patience
        self._fits = fits

    async def guess(self, asking: Asking, quality: float) -> Guess:
        vector = (await asking.question(self._patience)).vector if self._fits else None
        return trained().guess(asking.text, vector, quality)
