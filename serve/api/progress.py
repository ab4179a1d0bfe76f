"""Where a streamed request is on its way, as comments between its events, for who asks for them.

Who reads server-sent events skips comments, so that OpenAI's clients may ask for them, too.
"""

from dataclasses import dataclass
from typing import Final

import orjson

from serve.api.call import Call
from serve.errors import BadRequest
from serve.receipt import Receipt, Stage

HEADER: Final = "x-hearth-progress"
PERIOD: Final = 0.25  # seconds between looks, and before the first one
PAUSE: Final = 1.0  # seconds between two comments on the same state


def progress_of(call: Call) -> "Progress | None":
    """None where nobody asked for it. Raises `BadRequest` for a header that is none."""
    asked = call.headers.only(HEADER.encode())
    if asked not in (None, b"0", b"1"):
        raise BadRequest(f"{HEADER} must be 0 or 1.", HEADER, "invalid_value")
    return Progress(call.receipt) if asked == b"1" else None


@dataclass(slots=True)
class Progress:
    """Of one request until its first event. Clocks in seconds."""

    receipt: Receipt
    over: bool = False
    _told: Stage | None = None
    _told_at: float = 0.0

    def news(self, now: float) -> bytes:
        """What is to be told at `now`: empty when it is what was told, or was told just now."""
        stage = None if self.over else self.receipt.now()
        if stage is None or stage == self._told:
            return b""
        same = self._told is not None and stage["state"] == self._told["state"]
        if same and now < self._told_at + PAUSE:
            return b""
        self._told, self._told_at = stage, now
        return _comment(stage)

    def answering(self) -> bytes:
        """The last comment: headers that were not known, perhaps, when the status line went out."""
        self.over = True
        return _comment({"state": "answering", "headers": self.receipt.headers()})


def _comment(stage: Stage) -> bytes:
    return b": hearth %b\n\n" % orjson.dumps(stage)
