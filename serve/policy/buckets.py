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
        gained = max(0.0, now - self.at) * self.size / MINUTE
        self.level, self.at = min(self.size, self.level + gained), now
        return self.level

    def wait(self, amount: float, now: float) -> float:
        """Seconds until `amount` is in it; who wants more than it holds waits until it is full."""
        lacking = min(amount, self.size) - self.look(now)
        return max(0.0, lacking) * MINUTE / self.size

    def take(self, amount: float, now: float) -> None:
        self.level = min(self.size, self.look(now) - amount)

    def until_full(self, now: float) -> float:
        """Seconds."""
        return self.wait(self.size, now)

    def resize(self, size: float, now: float) -> None:
        """Another limit: what was used stays used."""
        used = self.size - self.look(now)
        self.size, self.level = size, min(size, size - used)
