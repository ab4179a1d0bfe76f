"""What an upstream refuses, in the words of `models.errors`.

Its own words go on only where the caller can act on them, and never with an address or a key.
"""

import re
from collections.abc import Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any, Final

import orjson

from models.errors import (
    ContextLengthExceeded,
    EngineBusy,
    EngineError,
    EngineInterrupted,
    EngineUnavailable,
    GenerationTimeout,
    PromptRefused,
)

LONGEST_RETRY: Final = 600.0  # seconds
LONGEST_MESSAGE: Final = 500  # characters
# Fields that the caller did not write: whoever refuses them is not what the owner configured.
OURS: Final = frozenset({"model", "stream", "stream_options"})

_OWNERS_AFFAIR: Final = {
    401: "The upstream refuses its API key. The owner has to give another.",
    402: "The upstream wants to be paid. The owner has to see to it.",
    403: "The upstream refuses its API key. The owner has to give another.",
    404: "The upstream does not know the model or the address. The owner has to correct them.",
    405: "The upstream does not speak OpenAI's interface. The owner has to correct its address.",
}
_CONTEXT: Final = re.compile(r"context (length|window|size)|prompt is too long", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"\S*://\S*")
_PARAM: Final = re.compile(r"[\w.\[\]-]{1,100}")
_CODE: Final = re.compile(r"[\w.-]{1,64}")


class Refusals:
    """`hidden` are texts that no message may show; `param` is what the prompt is called."""

    def __init__(self, hidden: Sequence[str], param: str) -> None:
        self._hidden = [text.lower() for text in hidden]
        self._param = param

    def of_status(
        self, status: int, headers: Mapping[str, str], body: bytes, now: float
    ) -> EngineError:
        """`headers` by lower-case names; `now` in unix seconds."""
        error = _error(body)
        code = error.get("code")
        wait = retry_after(headers, now)
        if status == 429 or code == "engine_busy":
            if code == "insufficient_quota":
                return EngineUnavailable(_OWNERS_AFFAIR[402], LONGEST_RETRY)
            return EngineBusy("The upstream is busy.", 1.0 if wait is None else wait)
        if status in (400, 413, 422):
            return self._prompt_refused(error)
        if message := _OWNERS_AFFAIR.get(status):
            return EngineUnavailable(message, LONGEST_RETRY)
        if 300 <= status < 400:
            return EngineUnavailable("The upstream has moved. The owner has to correct it.")
        return EngineUnavailable(
            f"The upstream fails at present (status {status}).", 5.0 if wait is None else wait
        )

    def of_event(self, error: Any) -> EngineError:
        """An error that came where an event of the answer was expected."""
        error = error if isinstance(error, dict) else {}
        code = error.get("code")
        if code == 429:
            return EngineBusy("The upstream is busy.")
        if code == 400 or error.get("type") == "invalid_request_error":
            return self._prompt_refused(error)
        if code == "deadline_exceeded":
            return GenerationTimeout("The answer did not come before its deadline.")
        return EngineInterrupted("The upstream stopped before the answer was complete.")

    def _prompt_refused(self, error: Mapping[str, Any]) -> EngineError:
        code, param = _matching(_CODE, error.get("code")), _matching(_PARAM, error.get("param"))
        message = self._told(error.get("message"))
        if param in OURS or code == "model_not_found":
            return EngineUnavailable(_OWNERS_AFFAIR[404], LONGEST_RETRY)
        if code == "context_length_exceeded" or _CONTEXT.search(message):
            return ContextLengthExceeded(message, param or self._param)
        if param and param.startswith("response_format"):
            param = "response_format"  # what lies inside is our own spelling
        return PromptRefused(message, param, code or "invalid_value")

    def _told(self, message: object) -> str:
        """The upstream's words, fit to be passed on."""
        words = " ".join(str(message or "").split())
        words = _ADDRESS.sub("(address)", words)[:LONGEST_MESSAGE]
        if not words or any(text in words.lower() for text in self._hidden):
            return "The upstream refuses this request."
        return "".join(filter(str.isprintable, words))


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds, from a number or a date (RFC 9110, section 10.2.3); None where none is said."""
    value = headers.get("retry-after", "").strip()
    try:
        seconds = float(value) if value[:1].isdigit() else _until(value, now)
    except (TypeError, ValueError):
        return None
    return min(LONGEST_RETRY, max(0.0, seconds))


def _until(date: str, now: float) -> float:
    return parsedate_to_datetime(date).timestamp() - now


def _error(body: bytes) -> Mapping[str, Any]:
    """OpenAI's error object, or the nearest thing to it that servers send; empty for HTML."""
    try:
        found = orjson.loads(body)
    except ValueError:
        return {}
    if not isinstance(found, dict):
        return {}
    error = found.get("error", found)
    return error if isinstance(error, dict) else {"message": error}


def _matching(pattern: re.Pattern[str], value: object) -> str | None:
    return value if isinstance(value, str) and pattern.fullmatch(value) else None
