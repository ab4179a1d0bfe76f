"""What to tell somebody when the appliance refuses, or does not answer."""

import math
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx

from ui import words

# Their messages name the limit, and when there is room again.
OF_LIMITS = frozenset({"rate_limit_exceeded", "insufficient_quota"})


class Refused(Exception):
    """`why`, in words. `sign_in` says that only another key can help; `retry_after`: in how many
    seconds it may go well.
    """

    def __init__(self, why: str, sign_in: bool = False, retry_after: int | None = None):
        super().__init__(why, sign_in, retry_after)
        self.why = why
        self.sign_in = sign_in
        self.retry_after = retry_after

    def __str__(self) -> str:
        return self.message

    @property
    def message(self) -> str:
        """All that there is to say, where nothing beside it counts the seconds."""
        return self.why


class Busy(Refused):
    """`why` does not tell when to come back."""

    @property
    def message(self) -> str:
        if self.retry_after is None:
            return words.COME_BACK_SOON
        return words.COME_BACK.format(seconds=_span(self.retry_after))


@asynccontextmanager
async def wording(patience: float) -> AsyncIterator[None]:
    """Words for what may fail on the way to the appliance and back; `patience` in seconds."""
    try:
        yield
    except (TimeoutError, httpx.ReadTimeout, httpx.WriteTimeout) as exc:
        raise Refused(words.TOO_SLOW.format(n=int(patience))) from exc
    except httpx.TransportError as exc:
        raise Refused(words.UNREACHABLE) from exc
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise Refused(words.UNREADABLE) from exc


def refusal(response: httpx.Response) -> Refused:
    """The words for an error answer (OpenAI's error body), which was read."""
    try:
        error = dict(response.json()["error"])
    except (ValueError, KeyError, TypeError):
        error = {}
    after = {"status": response.status_code, "retry_after": response.headers.get("retry-after")}
    return refused(error | after, response.headers.get("x-request-id"))


def refused(error: Mapping[str, Any], request_id: str | None) -> Refused:
    """The words for an `error` with its `status`, perhaps with `retry_after`."""
    status, message = error["status"], str(error.get("message") or "")
    if status == 401:
        return Refused(words.SIGN_IN_AGAIN, sign_in=True)
    if status == 403:
        return Refused(words.NOT_ALLOWED.format(message=message))
    if status in (429, 503):
        return _come_back(error, message)
    if 400 <= status < 500 and message:
        return Refused(message)
    text = words.FAILED_WITH_ID if request_id else words.FAILED
    return Refused(text.format(status=status, request_id=request_id))


def broken(error: Mapping[str, Any]) -> Refused:
    """Of an answer that had begun."""
    message = str(error.get("message") or "")
    return Refused(words.BROKE_OFF.format(message=message), retry_after=_seconds(error))


def _come_back(error: Mapping[str, Any], message: str) -> Refused:
    if message and error.get("code") in OF_LIMITS:
        return Refused(message, retry_after=_seconds(error))
    return Busy(words.BUSY, retry_after=_seconds(error))


def _seconds(error: Mapping[str, Any]) -> int | None:
    """Whole ones, at least 1, until it may go well."""
    try:
        return max(1, math.ceil(float(error["retry_after"])))
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def _span(seconds: int) -> str:
    if seconds == 1:
        return words.SECOND
    if seconds < 120:
        return words.SECONDS.format(n=seconds)
    return words.MINUTES.format(n=round(seconds / 60))
