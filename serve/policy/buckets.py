"""A token bucket: so much a minute, all of it at once if need be."""

from dataclasses import dataclass

MINUTE = 60.0  # seconds


@dataclass(slots=True)
class Bucket:
    """Holds `size` and is filled with as much every minute. `level` as of `at`, in seconds of a
    clock that does not go back; if it does, what is in the bucket stays. Below zero: more was used
    than anybody expected.
    """

    size: float
    level: float
    at: float

    @classmethod
    def full(cls, size: float, now: float) -> "Bucket":
        return cls(size, size, now)

    def look(self, now: float) -> float:
        """What is in it now."""
        if now > self.at and self.level < self.size:
            level = self.level + (now - self.at) * self.size / MINUTE
            self.level = level if level < self.size else self.size
        self.at = now
        return self.level

    def share(self, now: float) -> float:
        """What is left, of all that it holds."""
        return self.look(now) / self.size

    def wait(self, amount: float, now: float) -> float:
        """Seconds until `amount` is in it; who wants more than it holds waits until it is full."""
        lacking = (amount if amount < self.size else self.size) - self.look(now)
        return lacking * MINUTE / self.size if lacking > 0 else 0.0

    def take(self, amount: float, now: float) -> None:
        level = self.look(now) - amount
        self.level = level if level < self.size else self.size

    def until_full(self, now: float) -> float:
        """Seconds."""
        return self.wait(self.size, now)

    def resize(self, size: float, now: float) -> None:
        """Another limit: what was used stays used."""
        used = self.size - self.look(now)
        self.size, self.level = size, min(size, size - used)
