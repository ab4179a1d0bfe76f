"""The few things a benchmark wants from a stream of events, without parsing all of them."""

import re
from array import array
from collections.abc import Iterator
from typing import Any, Final

import orjson

# A quote inside a JSON string is escaped, so an answer that quotes this pattern does not match it.
TEXT: Final = re.compile(rb'(?:content|reasoning)"\s*:\s*"(?!")')
DONE: Final = b"[DONE]"


class Events:
    """Notes when text came. JSON is parsed only at the end, where usage and errors stand.

    The data of events may be cut anywhere; an event's data is one line, as all servers write it.
    """

    def __init__(self) -> None:
        self.texts: array[float] = array("d")
        self._cut = b""  # a line that has not ended
        self._closing: list[bytes] = []  # the last lines with text, and all after them

    def feed(self, data: bytes, now: float) -> None:
        if self._cut:
            data = self._cut + data
        end = data.rfind(b"\n") + 1
        self._cut = data[end:]
        if end != len(data):
            data = data[:end]
        if texts := len(TEXT.findall(data)):
            self.texts.extend((now,) * texts)
            self._closing = [data]
        else:
            self._closing.append(data)

    def usage(self) -> tuple[int, int] | None:
        """Tokens of prompt and output, where the server told them."""
        for event in self._last():
            if isinstance(usage := event.get("usage"), dict):
                return usage.get("prompt_tokens", 0), usage.get("completion_tokens", 0)
        return None

    def error(self) -> str | None:
        """A word for the error that ended the stream, or for an end that was none."""
        for event in self._last():
            if code := error_code(event):
                return code
        return None if self._is_done() else "broken_off"

    def _last(self) -> Iterator[dict[str, Any]]:
        """The closing events, the last one first."""
        for line in reversed(b"".join(self._closing).split(b"\n")):
            name, _, value = line.partition(b":")
            if name == b"data" and value.strip() != DONE:
                yield _object(value)

    def _is_done(self) -> bool:
        lines = b"".join(self._closing).split(b"\n")
        return any(line.startswith(b"data:") and line[5:].strip() == DONE for line in lines)


def error_code(body: dict[str, Any]) -> str | None:
    """The code, or else the type, of an error as OpenAI spells it; None where there is no error."""
    error = body.get("error")
    if not isinstance(error, dict):
        return str(error) if error else None
    return str(error.get("code") or error.get("type") or "error")


def _object(data: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def refusal_code(body: bytes, status: int) -> str:
    """A word for an answer that is no stream."""
    return error_code(_object(body)) or f"http_{status}"
