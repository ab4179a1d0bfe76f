"""How often answers given in other words were wrong, as far as it was checked."""

from dataclasses import dataclass

from index.caches.verdict import highest_share


@dataclass(slots=True)
class Measured:
    """Counts since the start. `asked`: questions that were looked for in other words; `hits` of
    them got a kept answer or would have, had it not been checked; `checked` of those were
    generated anyway, and `wrong` of those had another answer. `disliked`: thumbs down.
    """

    asked: int = 0
    hits: int = 0
    checked: int = 0
    wrong: int = 0
    disliked: int = 0

    @property
    def wrong_at_most(self) -> float:
        """The share of all questions that got a wrong answer, with 95 % confidence at most so
        large. Thumbs down say nothing of those who said nothing, and are not in it.
        """
        return highest_share(self.wrong, self.checked) * self._hit_share if self.checked else 1.0

    def breaks(self, budget: float) -> bool:
        """Whether more than a share of `budget` was wrong, with 95 % confidence."""
        if not self.wrong:
            return False
        least = 1 - highest_share(self.checked - self.wrong, self.checked)
        return least * self._hit_share > budget

    @property
    def _hit_share(self) -> float:
        return self.hits / max(1, self.asked)
