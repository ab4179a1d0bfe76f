"""An OpenAI-compatible server behind our protocol.

To the upstream all requests are one client's: which tenant asks, it is never told. What it shares
between requests (a prefix cache, for one) is therefore its own affair.
"""

import asyncio
import hashlib
import time
from contextlib import aclosing
from itertools import count
from typing import Final

import httpx

from models.engine import Chunk, ChunkStream, ModelCard, Prompt
from models.errors import EngineError, EngineInterrupted, EngineUnavailable, GenerationTimeout
from models.load import Load
from models.rates import DecayingRate
from models.upstream.answer import AnswerReader
from models.upstream.exchange import Due, Exchange
from models.upstream.places import Places
from models.upstream.pulse import Pulse
from models.upstream.refusals import Refusals
from models.upstream.request import Question, question_of
from models.upstream.settings import UpstreamSettings

LONGEST_RETRY: Final = 60.0  # seconds
LOOK_SECONDS: Final = 1.5  # for the list of models, which costs nothing to tell
IDLE_SECONDS: Final = 3.0  # servers close idle connections after 5: be first
BYTES_PER_TOKEN: Final = 8 << 10  # of a stream, with 20 alternatives to every token
REFUSES_US: Final = (401, 402, 403)


class UpstreamEngine:
    """Everything it says of its load is its own: what others ask of the upstream it cannot know.

    For one event loop. Making one asks the upstream nothing.
    """

    def __init__(self, settings: UpstreamSettings) -> None:
        self._settings = settings
        self._http = _client(settings)
        most = (settings.context_length + 128) * BYTES_PER_TOKEN
        self._exchange = Exchange(self._http, most)
        self._places = Places(settings.slots, settings.max_waiting)
        self._pulse = Pulse()
        self._looking = asyncio.Lock()
        self._prefill, self._decode, self._ended = DecayingRate(), DecayingRate(), DecayingRate()
        self._answers: set[AnswerReader] = set()
        self._numbers = count()
        self._closed = False
        origin = f"{settings.base_url} {settings.model}"
        revision = hashlib.sha256(origin.encode()).hexdigest()[:16]
        self._card = ModelCard(settings.name, "openai", settings.context_length, 0, revision)

    @property
    def card(self) -> ModelCard:
        return self._card

    async def generate(self, prompt: Prompt) -> ChunkStream:
        self._check_open()
        question = question_of(prompt, self._settings)
        answer = AnswerReader(question, Refusals(self._settings.hidden, question.param))
        end = self._end_of(prompt)
        await self._take_place(prompt.priority, end)
        self._answers.add(answer)
        try:
            self._check_open()
            request = self._post(question, prompt.request_id)
            async with aclosing(self._chunks(request, answer, end)) as chunks:
                async for chunk in chunks:
                    self._saw(chunk)
                    yield chunk
        finally:
            self._answers.discard(answer)
            self._places.leave()

    async def _chunks(
        self, request: httpx.Request, answer: AnswerReader, end: float
    ) -> ChunkStream:
        due = Due(self._settings.patience, end)
        try:
            async with aclosing(self._exchange.events(request, answer.refusals, due)) as events:
                async for event in events:
                    self._check_running()
                    chunk = answer.feed(event)
                    if chunk or answer.finished:
                        due.progressed(finished=answer.finished)
                    if chunk:
                        yield chunk
        except EngineError:
            if due.stuck and not answer.finished:
                self._pulse.stuck(time.monotonic())
            if not answer.finished:
                raise
        yield answer.last()

    async def load(self) -> Load:
        now, settings = time.monotonic(), self._settings
        return Load(
            running=self._places.taken,
            waiting=self._places.waiting,
            slots_total=settings.slots,
            kv_tokens_used=sum(answer.held for answer in self._answers),
            kv_tokens_total=settings.slots * settings.context_length,
            prefill_rate=self._prefill.at(now),
            decode_rate=self._decode.at(now),
            memory_used=0,
            memory_total=0,
            measured_at=now,
        )

    async def health(self) -> None:
        self._check_open()
        if self._pulse.is_stuck(time.monotonic()):
            raise EngineUnavailable("The upstream does not get on with an answer.")
        async with self._looking:
            if self._pulse.is_old(time.monotonic()):
                self._pulse.found(await self._look(), time.monotonic())
        if self._pulse.trouble:
            raise EngineUnavailable(self._pulse.trouble)

    async def close(self) -> None:
        self._closed = True
        await self._http.aclose()

    async def _look(self) -> str | None:
        """What is wrong with the upstream; being busy is not, nor is having no list of models."""
        request = self._http.build_request("GET", self._settings.url("models"))
        try:
            status = await self._exchange.status(request, LOOK_SECONDS)
        except EngineUnavailable as exc:
            return exc.message
        if status < 300 or (400 <= status < 500 and status not in REFUSES_US):
            return None
        refusals = Refusals(self._settings.hidden, "messages")
        return refusals.of_status(status, {}, b"", time.time()).message

    def _post(self, question: Question, request_id: str) -> httpx.Request:
        """The id is new for every attempt: some servers mix up two with the same."""
        return self._http.build_request(
            "POST",
            self._settings.url(question.path),
            content=question.body,
            headers={"x-request-id": f"{request_id}-{next(self._numbers)}"},
        )

    def _end_of(self, prompt: Prompt) -> float:
        """When the answer must be complete, in the event loop's time."""
        patience = self._settings.patience.whole
        timeout = patience if prompt.timeout is None else min(prompt.timeout, patience)
        return asyncio.get_running_loop().time() + timeout

    async def _take_place(self, priority: int, end: float) -> None:
        try:
            async with asyncio.timeout_at(end):
                await self._places.take(priority, self._seconds_until_room())
        except TimeoutError as exc:
            raise GenerationTimeout("The answer did not begin before its deadline.") from exc

    def _seconds_until_room(self) -> float:
        """As long as one answer takes to end at the present rate."""
        rate = self._ended.at(time.monotonic())
        return min(LONGEST_RETRY, max(1.0, 1 / rate)) if rate else LONGEST_RETRY

    def _saw(self, chunk: Chunk) -> None:
        now = time.monotonic()
        self._pulse.progressed(now)
        self._decode.add(chunk.tokens, now)
        if usage := chunk.usage:
            self._prefill.add(usage.prompt_tokens - usage.cached_tokens, now)
            self._ended.add(1, now)

    def _check_open(self) -> None:
        if self._closed:
            raise EngineUnavailable("The engine has been stopped.")

    def _check_running(self) -> None:
        if self._closed:
            raise EngineInterrupted("The engine was stopped.")


def _client(settings: UpstreamSettings) -> httpx.AsyncClient:
    """No redirects, no proxies or certificates from the environment, nothing compressed."""
    headers = {
        "accept": "text/event-stream, application/json",
        "accept-encoding": "identity",
        "content-type": "application/json",
        "user-agent": "hearth",
    }
    if settings.api_key:
        headers["authorization"] = f"Bearer {settings.api_key}"
    return httpx.AsyncClient(
        headers=headers,
        # Everything after connecting has deadlines of its own.
        timeout=httpx.Timeout(None, connect=settings.patience.connect),
        limits=httpx.Limits(
            max_connections=settings.slots + 1,  # one to look how the upstream is
            max_keepalive_connections=settings.slots,
            keepalive_expiry=IDLE_SECONDS,
        ),
        follow_redirects=False,
        trust_env=False,
    )
