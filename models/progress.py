"""Telling how far a long piece of work has come."""

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Told the bytes done and the bytes in all."""


class Meter:
    """Adds up what is done of `total` bytes, and tells."""

    def __init__(self, total: int, progress: Progress) -> None:
        self._total = total
        self._progress = progress
        self._done = 0

    def add(self, size: int) -> None:
        """A negative size takes back what has to be done again."""
        self._done += size
        self._progress(self._done, self._total)
