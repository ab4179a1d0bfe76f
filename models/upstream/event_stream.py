"""Server-sent events out of bytes (WHATWG HTML, section 9.2), within limits."""

from typing import Final

from models.errors import EngineInterrupted

MAX_EVENT_BYTES: Final = 1 << 20
DONE: Final = b"[DONE]"  # OpenAI's last event


class EventSplitter:
    """The data of events, however their bytes were cut. Comments and other fields are dropped.

    `most` bytes may come in all. Raises `EngineInterrupted` beyond that, or for one event of more
    than a mebibyte.
    """

    def __init__(self, most: int) -> None:
        self._left = most
        self._line: list[bytes] = []  # pieces of the line that has not ended
        self._line_bytes = 0
        self._data: list[bytes] = []  # lines of the event that has not ended
        self._data_bytes = 0

    def feed(self, data: bytes) -> list[bytes]:
        """The events that `data` completes."""
        self._left -= len(data)
        piece, *more = data.split(b"\n")
        self._hold(piece)
        found = []
        for following in more:
            event = self._take(b"".join(self._line).removesuffix(b"\r"))
            if event is not None:
                found.append(event)
            self._line, self._line_bytes = [], 0
            self._hold(following)
        if self._left < 0 or self._line_bytes + self._data_bytes > MAX_EVENT_BYTES:
            raise EngineInterrupted("The upstream sends more than an answer can be.")
        return found

    def _hold(self, piece: bytes) -> None:
        self._line.append(piece)
        self._line_bytes += len(piece)

    def _take(self, line: bytes) -> bytes | None:
        """An event when `line` is the empty one that ends it."""
        if not line and self._data:
            event, self._data, self._data_bytes = b"\n".join(self._data), [], 0
            return event
        name, _, value = line.partition(b":")
        if name == b"data":
            self._data.append(value.removeprefix(b" "))
            self._data_bytes += len(value) + 1
        return None
