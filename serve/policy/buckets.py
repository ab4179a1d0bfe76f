"""A token bucket: so much a minute, all of it at once if need be."""

from dataclasses import dataclass

MINUTE = 60.0  # seconds


@dataclass(slots=True)
class Bucket:
    """Holds `size` and is filled with as much every minute. `level` as of `at`, in seconds of a
    clock that does not go back; if it does, what is in the bucket stays. Below zero: more was used
    than anybody expected. `share` of what fills it comes here by itself; where there is none, all
    of it is brought from a bucket that several share, which had `elsewhere` left at `told_at`: see
    serve/policy/bank.py.
    """

    size: float
    level: float
    at: float
    share: float = 1.0
    elsewhere: float = 0.0
    told_at: float = 0.0

    @classmethod
    def begun(cls, size: float, now: float, share: float = 1.0) -> "Bucket":
        """Full, if it is the only one."""
        return cls(size, size if share == 1.0 else 0.0, now, share)

    def look(self, now: float) -> float:
        """What is in it now."""
        if self.share and now > self.at and self.level < self.size:
            level = self.level + (now - self.at) * self.size * self.share / MINUTE
            self.level = level if level < self.size else self.size
        self.at = now
        return self.level

    def known(self, now: float) -> float:
        """What is left, here and, as far as it was told, elsewhere."""
        if self.share:
            return self.look(now)
        gained = max(0.0, now - self.told_at) * self.size / MINUTE
        return min(self.size, self.look(now) + self.elsewhere + gained)

    def wait(self, amount: float, now: float) -> float:
        """Seconds until `amount` is in it; who wants more than it holds waits until it is full."""
        lacking = (amount if amount < self.size else self.size) - self.look(now)
        return lacking * MINUTE / self.size if lacking > 0 else 0.0

    def take(self, amount: float, now: float) -> None:
        level = self.look(now) - amount
        self.level = level if level < self.size else self.size

    def until_full(self, now: float) -> float:
        """Seconds."""
        return (self.size - self.known(now)) * MINUTE / self.size

    def resize(self, size: float, now: float) -> None:
        """Another limit: what was used stays used, what was brought here stays here."""
        level = self.look(now)
        self.level = size - (self.size - level) if self.share == 1.0 else min(size, level)
        self.size = size
