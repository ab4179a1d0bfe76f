"""What the stream of an answer brings, piece by piece."""

import json
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import httpx

from ui import words
from ui.citations import Grounds, grounds
from ui.refusals import Refused, broken, refused

Event = dict[str, Any]
Awaiting = Literal["retrieving", "queued", "loading", "reading"]

WHOLE_ANSWER = 900.0  # seconds
EVENT, PROGRESS = "data: ", ": hearth "  # how lines begin
USAGE = ("prompt_tokens", "completion_tokens")


@dataclass(frozen=True, slots=True)
class Stage:
    """What an answer waits for. `position` in the line, 1 is next; `wait`: seconds that are still
    expected. None: not known.
    """

    state: Awaiting
    position: int | None = None
    wait: float | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """Which request an answer is of, and which model wrote it, "" where that was not told."""

    request_id: str
    model: str


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


Piece = str | Stage | Origin | Grounds | Measure


@dataclass(slots=True)
class Reading:
    """An event stream of completion chunks, as it is read.

    `start` is when the question went out: the status may come as late as the first token.
    `headers`: those of the response, and what the stream tells of them later.
    """

    start: float
    headers: dict[str, str]
    begun: bool = False
    first: float | None = None
    reason: str = ""
    usage: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(USAGE, 0))

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self.start

    async def pieces(self, response: httpx.Response) -> AsyncIterator[Piece]:
        """What the answer waits for, its origin, its text, and its measure at the end."""
        failure = None
        async for kind, told in _told(self._lines(response)):
            if kind == PROGRESS:
                self.headers |= told.get("headers") or {}
                if stage := _stage(told):
                    yield stage
                continue
            if "error" in told:
                failure = self._failure(told["error"])
                continue
            for piece in self._pieces(told):
                yield piece
        if failure is not None:
            raise failure
        yield self._measure

    async def _lines(self, response: httpx.Response) -> AsyncIterator[str]:
        """Heartbeats, too: an appliance that only lives is given up like one that writes on."""
        async for line in response.aiter_lines():
            # Not `asyncio.timeout`: Gradio may resume a generator in another task.
            if self.seconds > WHOLE_ANSWER:
                raise Refused(words.TOO_LONG.format(n=int(WHOLE_ANSWER / 60)))
            yield line

    def _failure(self, error: Event) -> Refused:
        """Of what has not begun it has a status."""
        if self.first is None and "status" in error:
            return refused(error, self.headers.get("x-request-id"))
        return broken(error)

    def _pieces(self, event: Event) -> list[Piece]:
        """Of the first event the origin, too."""
        self.usage = event.get("usage") or self.usage
        origin = None if self.begun else self._origin
        self.begun = True
        pieces: list[Piece] = [piece for piece in (origin, grounds(event)) if piece]
        for choice in event["choices"]:
            self.reason = choice.get("finish_reason") or self.reason
            if text := choice["delta"].get("content"):
                self.first = self.first or self.seconds
                pieces.append(text)
        return pieces

    @property
    def _origin(self) -> Origin | None:
        """None of an appliance that does not tell."""
        request_id = self.headers.get("x-request-id")
        return Origin(request_id, self.headers.get("x-hearth-model", "")) if request_id else None

    @property
    def _measure(self) -> Measure:
        whole = self.seconds
        prompt, answer = (self.usage[name] for name in USAGE)
        first, kept = self.first or whole, _kept(self.headers)
        return Measure(prompt, answer, first, whole, self.reason, kept)


def _kept(headers: Mapping[str, str]) -> Kept | None:
    verdict, age = headers.get("x-hearth-cache"), float(headers.get("x-hearth-cache-age", 0))
    if verdict == "similar":
        return Kept(age, headers.get("x-hearth-cache-reason", verdict))
    return Kept(age) if verdict == "hit" else None


def _stage(told: Event) -> Stage | None:
    """None for what this page does not know."""
    position, wait = told.get("position"), told.get("wait")
    for state in get_args(Awaiting):
        if told.get("state") == state:
            return Stage(state, position and int(position), None if wait is None else float(wait))
    return None


async def _told(lines: AsyncIterator[str]) -> AsyncIterator[tuple[str, Event]]:
    """The JSON of events and of progress. Other comments only show that the stream lives.

    It is read to its end: whoever leaves at the last event has left, for the appliance.
    """
    done = False
    async for line in lines:
        done = done or line == f"{EVENT}[DONE]"
        for kind in (EVENT, PROGRESS):
            if line.startswith(kind) and not done:
                yield kind, json.loads(line.removeprefix(kind))
    if not done:
        raise Refused(words.BROKE_OFF.format(message=words.UNREACHABLE))
