"""A client of the appliance's HTTP interface; the page's only way to anything.

Every wait has a deadline, and whatever goes wrong becomes a `Refused` with words for people.
"""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from ui import words
from ui.citations import Grounds, grounds

Event = dict[str, Any]

SILENCE = 60.0  # seconds; the appliance sends a heartbeat every few seconds
WHOLE_ANSWER = 900.0  # seconds
SHORT_CALL = 15.0  # seconds


class Refused(Exception):
    """What to tell the user. `sign_in` says that only another key can help."""

    def __init__(self, message: str, sign_in: bool = False):
        super().__init__(message, sign_in)
        self.message = message
        self.sign_in = sign_in


@dataclass(frozen=True, slots=True)
class Kept:
    """Of an answer that was made earlier: `age` in seconds; `why` it was given to a question in
    other words, in the appliance's words; "": the question is the very same.
    """

    age: float
    why: str = ""


@dataclass(frozen=True, slots=True)
class Measure:
    """How an answer came: tokens as the appliance counted them, times in seconds.

    `kept`: it was made for an earlier question.
    """

    prompt_tokens: int
    answer_tokens: int
    first_token: float
    whole: float
    finish_reason: str
    kept: Kept | None = None

    @property
    def tokens_per_second(self) -> float:
        """Speed after the first token, which stands for reading the prompt."""
        writing = self.whole - self.first_token
        return (self.answer_tokens - 1) / writing if writing > 0 else 0.0


Piece = str | Grounds | Measure


class Appliance:
    """The appliance at `url`, for any number of users: the key comes with every call."""

    def __init__(self, url: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        timeout = httpx.Timeout(SHORT_CALL, connect=5.0)
        limits = httpx.Limits(max_connections=512, max_keepalive_connections=16)
        self._http = httpx.AsyncClient(
            base_url=url, timeout=timeout, limits=limits, transport=transport, trust_env=False
        )

    async def sign_in(self, token: str) -> str:
        """The key for a one-time `token`. Raises `Refused` when it is used up or expired."""
        async with _wording(SHORT_CALL), asyncio.timeout(SHORT_CALL):
            response = await self._http.post("/signin", json={"token": token})
            if 400 <= response.status_code < 500 and response.status_code != 429:
                raise Refused(words.LINK_USED, sign_in=True)
            return str(_checked(response)["key"])

    async def models(self, key: str) -> list[str]:
        """Names of the models that can chat, in the appliance's order."""
        async with _wording(SHORT_CALL), asyncio.timeout(SHORT_CALL):
            response = await self._http.get("/v1/models", headers=_bearer(key))
            listed = _checked(response)["data"]
            return [str(model["id"]) for model in listed if model.get("tier") != "embeddings"]

    async def chat(self, key: str, request: Mapping[str, object]) -> AsyncGenerator[Piece, None]:
        """The answer's text as it comes, behind its sources and citations; then one `Measure`.

        `request` is the body of a chat completion (OpenAI's schema). Leaving early closes the
        connection, which ends the generation at the appliance.
        """
        body = {**request, "stream": True, "stream_options": {"include_usage": True}}
        timeout = httpx.Timeout(SHORT_CALL, connect=5.0, read=SILENCE)
        start = time.perf_counter()
        async with (
            _wording(SILENCE),
            self._http.stream(
                "POST", "/v1/chat/completions", json=body, headers=_bearer(key), timeout=timeout
            ) as response,
        ):
            if response.status_code != 200:
                await response.aread()
                raise _refusal(response)
            async for piece in _read(response, start):
                yield piece

    async def close(self) -> None:
        await self._http.aclose()


@asynccontextmanager
async def _wording(patience: float) -> AsyncIterator[None]:
    """Words for what may fail on the way to the appliance and back; `patience` in seconds."""
    try:
        yield
    except (TimeoutError, httpx.ReadTimeout, httpx.WriteTimeout) as exc:
        raise Refused(words.TOO_SLOW.format(n=int(patience))) from exc
    except httpx.TransportError as exc:
        raise Refused(words.UNREACHABLE) from exc
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise Refused(words.UNREADABLE) from exc


def _bearer(key: str) -> dict[str, str]:
    """Raises `Refused` for a key that cannot stand in a header."""
    if not (key.isascii() and key.isprintable() and key.strip()):
        raise Refused(words.SIGN_IN_AGAIN, sign_in=True)
    return {"Authorization": f"Bearer {key.strip()}"}


def _checked(response: httpx.Response) -> Event:
    if response.status_code != 200:
        raise _refusal(response)
    body = response.json()
    if not isinstance(body, dict):
        raise Refused(words.UNREADABLE)
    return body


def _refusal(response: httpx.Response) -> Refused:
    """The words for an error answer (OpenAI's error body)."""
    status, message = response.status_code, _message(response)
    if status == 401:
        return Refused(words.SIGN_IN_AGAIN, sign_in=True)
    if status == 403:
        return Refused(words.NOT_ALLOWED.format(message=message))
    if status in (429, 503):
        return Refused(_come_back(response.headers.get("retry-after", "")))
    if 400 <= status < 500 and message:
        return Refused(message)
    request_id = response.headers.get("x-request-id")
    text = words.FAILED_WITH_ID if request_id else words.FAILED
    return Refused(text.format(status=status, request_id=request_id))


def _message(response: httpx.Response) -> str:
    try:
        return str(response.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return ""


def _come_back(retry_after: str) -> str:
    try:
        seconds = max(1, round(float(retry_after)))
    except ValueError:
        return words.COME_BACK_SOON
    if seconds == 1:
        return words.COME_BACK.format(seconds=words.SECOND)
    if seconds < 120:
        return words.COME_BACK.format(seconds=words.SECONDS.format(n=seconds))
    return words.COME_BACK.format(seconds=words.MINUTES.format(n=round(seconds / 60)))


async def _read(response: httpx.Response, start: float) -> AsyncIterator[Piece]:
    """What an event stream of completion chunks brings, and its measure at the end.

    `start` is when the question went out: the appliance sends its status with the first token.
    """
    first: float | None = None
    reason, usage = "", {"prompt_tokens": 0, "completion_tokens": 0}
    async for event in _events(response):
        # Not `asyncio.timeout`: Gradio may resume a generator in another task.
        if time.perf_counter() - start > WHOLE_ANSWER:
            raise Refused(words.TOO_LONG.format(n=int(WHOLE_ANSWER / 60)))
        if "error" in event:
            raise Refused(words.BROKE_OFF.format(message=event["error"]["message"]))
        usage = event.get("usage") or usage
        if found := grounds(event):
            yield found
        for choice in event["choices"]:
            reason = choice.get("finish_reason") or reason
            if text := choice["delta"].get("content"):
                first = first or time.perf_counter() - start
                yield text
    whole = time.perf_counter() - start
    prompt, answer = usage["prompt_tokens"], usage["completion_tokens"]
    yield Measure(prompt, answer, first or whole, whole, reason, _kept(response.headers))


def _kept(headers: httpx.Headers) -> Kept | None:
    verdict, age = headers.get("x-hearth-cache"), float(headers.get("x-hearth-cache-age", 0))
    if verdict == "similar":
        return Kept(age, headers.get("x-hearth-cache-reason", verdict))
    return Kept(age) if verdict == "hit" else None


async def _events(response: httpx.Response) -> AsyncIterator[Event]:
    """Server-sent events' JSON. Comments (heartbeats) only show that the stream lives."""
    async for line in response.aiter_lines():
        if line == "data: [DONE]":
            return
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))
    raise Refused(words.BROKE_OFF.format(message=words.UNREACHABLE))
