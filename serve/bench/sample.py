"""What one request saw."""

from array import array
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Sample:
    """`sent_at` and `ended_at` in seconds of one clock; `texts` are the times at which text came.

    In an open loop `sent_at` is when the request was due: a client that is late makes nobody else
    look fast (coordinated omission). `status` 0: there was no answer. `error` is a word for what
    went wrong, `retry_after` in seconds.
    """

    sent_at: float
    ended_at: float
    status: int
    texts: "array[float]" = field(default_factory=lambda: array("d"))
    prompt_tokens: int = 0
    output_tokens: int = 0
    error: str | None = None
    retry_after: float | None = None

    @property
    def ttft(self) -> float | None:
        """Seconds until the first text; None without any."""
        return self.texts[0] - self.sent_at if self.texts else None

    @property
    def tpot(self) -> float | None:
        """Seconds per output token after the first one; None for fewer than two."""
        if self.output_tokens < 2 or not self.texts:
            return None
        return (self.texts[-1] - self.texts[0]) / (self.output_tokens - 1)

    @property
    def e2e(self) -> float:
        return self.ended_at - self.sent_at

    @property
    def refused(self) -> bool:
        """Told to come later, before any work was done."""
        return self.status in (429, 503) and not self.texts
