"""What happened to one request: the source of headers, the log line and the metrics.

Every step adds to the receipt and none logs or counts by itself. It holds no prompt and no
answer text, unless the owner wants that (`texts`).
"""

import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from models.engine import Chunk, Usage
from serve.receipts.features import Features
from serve.receipts.texts import Texts
from serve.receipts.usages import add_usage, total_usage

Stage = dict[str, Any]  # `state`, and what else is known of it; JSON-ready


def new_request_id() -> str:
    """Ids are in the order of time."""
    return id_at(time.time()) + secrets.token_hex(6)


def id_at(at: float) -> str:
    """How ids of the time `at`, in unix seconds, begin."""
    return f"req_{round(at * 1000):012x}"


@dataclass(slots=True)
class Step:
    """`ms` is the time spent inside the step, from `at`, 0 while it lasts; `verdict` one word on
    how it ended.
    """

    name: str
    verdict: str
    ms: float
    at: float = 0.0


@dataclass(slots=True)
class Attempt:
    """One try to generate, from `at`. `error` is the class name of what ended it, or None; `cause`
    that of what came first, where it is another. `queue` and then `load`: milliseconds that it
    waited for a place and for the model, which `was` asleep, loading or replaced; `first`: from
    `at` to the first chunk of a stream.
    """

    tier: str
    ms: float
    error: str | None = None
    at: float = 0.0
    cause: str | None = None
    queue: float = 0.0
    load: float = 0.0
    was: str | None = None
    first: float | None = None

    def failed(self, error: Exception) -> None:
        first: BaseException = error
        while (earlier := first.__cause__ or first.__context__) is not None:
            first = earlier
        self.error = type(error).__name__
        self.cause = None if first is error else type(first).__name__


@dataclass(frozen=True, slots=True)
class Forecast:
    """What admission expected of one generation and what came, in tokens of output."""

    expected: float
    came: int


@dataclass(frozen=True, slots=True)
class Reference:
    """A numbered source that an answer was given: neighbouring `passages` of one document."""

    number: int
    collection: str
    document: str
    document_name: str
    passages: tuple[int, ...]
    page: int | None
    heading: str | None
    score: float


@dataclass(slots=True)
class Receipt:
    """Times in milliseconds since the request arrived; `started_at` in unix seconds.

    `choices_per_prompt` tells which choices answer one prompt; None: all of them do.
    `expected_wait_ms` and `queue_ms`: what admission expected and what it took; `continued`: an
    answer that broke off was continued by another tier. `cache`: hit, similar (the answer to the
    same in other words), joined (another request's generation), miss, or why it was not asked: off,
    varied (by temperature), no-store; `cache_reason`: why an answer to something alike was given or
    was not; of what was given again, `cache_age`, in seconds, and `saved_ms`, what it took to make;
    `kept`: the key under which this answer is or was kept; `neighbour`: of the nearest answer to a
    question in other words, its key and how likely it is right, as a logit. `sources`: what of
    documents the answer was given, `notes`: what of the retrieval was not as usual; `citations` by
    verdict; `cited`: of each, number, verdict, score and passage. `cost` and `energy` (watt-hours):
    as the tier is priced. `limits`: how those of the caller stand, as headers. `features`: of what
    asked for an answer, what a replay needs. `stage`: asks where it is on its way.
    """

    id: str = field(default_factory=new_request_id)
    started_at: float = field(default_factory=time.time)
    path: str = ""
    key_id: str | None = None
    tenant: str | None = None
    model: str | None = None
    tier: str | None = None
    reason: str | None = None
    stream: bool = False
    steps: list[Step] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    expected_wait_ms: float | None = None
    queue_ms: float = 0.0
    brownout: tuple[str, ...] = ()
    continued: bool = False
    cache: str | None = None
    cache_reason: str | None = None
    cache_age: float | None = None
    saved_ms: float = 0.0
    kept: bytes | None = None
    neighbour: tuple[bytes, float] | None = None
    forecast: list[Forecast] = field(default_factory=list)
    sources: tuple[Reference, ...] = ()
    notes: tuple[str, ...] = ()
    citations: Counter[str] = field(default_factory=Counter)
    cited: list[tuple[int, str, float, int | None]] = field(default_factory=list)
    filters: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    usage: Usage | None = None
    finish_reason: str | None = None
    cost: float = 0.0
    energy: float = 0.0
    ttft_ms: float | None = None
    last_ms: float | None = None
    total_ms: float | None = None
    status: int | None = None
    error: str | None = None
    choices_per_prompt: int | None = None
    texts: Texts | None = None
    limits: dict[str, str] = field(default_factory=dict)
    features: Features | None = None
    stage: Callable[[], Stage | None] | None = field(default=None, repr=False)
    _start: float = field(default_factory=time.perf_counter, repr=False)
    _usages: dict[int, Usage] = field(default_factory=dict, repr=False)

    def elapsed_ms(self) -> float:
        return (time.perf_counter() - self._start) * 1000

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Time one step; its verdict is "ok" unless the step says otherwise or raises."""
        start = time.perf_counter()
        step = Step(name, "ok", 0.0, (start - self._start) * 1000)
        self.steps.append(step)
        try:
            yield step
        except BaseException as exc:
            step.verdict = type(exc).__name__
            raise
        finally:
            step.ms = (time.perf_counter() - start) * 1000

    def saw(self, chunk: Chunk) -> None:
        """Note one chunk of the answer; several choices add up."""
        self.last_ms = self.elapsed_ms()
        if self.texts is not None:
            self.texts.saw(chunk)
        if self.ttft_ms is None:
            self.ttft_ms = self.last_ms
        if chunk.usage is not None:
            prompt = chunk.index // self.choices_per_prompt if self.choices_per_prompt else 0
            self._usages[prompt] = add_usage(self._usages.get(prompt), chunk.usage)
            self.usage = total_usage(self._usages.values())
        for one in chunk.citations:
            self.citations[one.verdict] += 1
            self.cited.append((one.number, one.verdict, one.score, one.passage))
        if chunk.finish_reason is not None:
            self.finish_reason = chunk.finish_reason

    def waited(self, expected: float | None, took: float) -> None:
        """For a permit, in seconds; of several generations the longest counts."""
        self.queue_ms = max(self.queue_ms, took * 1000)
        if expected is not None:
            self.expected_wait_ms = max(self.expected_wait_ms or 0.0, expected * 1000)

    def now(self) -> Stage | None:
        """Where it is on its way; None where that is not worth telling."""
        if self.stage is not None:
            return self.stage()
        last = self.steps[-1] if self.steps else None
        if last is not None and last.name == "retrieve" and not last.ms:
            return {"state": "retrieving"}
        return None

    def filtered(self, side: str, kind: str, action: str) -> None:
        self.filters[side, kind, action] += 1

    def close(self, status: int, error: str | None = None) -> None:
        """`status` as the client saw it; 499 for a client that went away (nginx's word)."""
        self.status = status
        self.error = error
        self.total_ms = self.elapsed_ms()

    def headers(self) -> dict[str, str]:
        """What is known when the status line goes out."""
        known = {
            "x-request-id": self.id,
            "x-hearth-model": self.model,
            "x-hearth-tier": self.tier,
            "x-hearth-reason": self.reason,
            "x-hearth-cache": self.cache,
            "x-hearth-cache-reason": self.cache_reason,
            "x-hearth-cache-age": None if self.cache_age is None else f"{self.cache_age:.0f}",
            "x-hearth-brownout": ",".join(self.brownout) or None,
            "x-hearth-expected-wait-ms": _milliseconds(self.expected_wait_ms),
            "x-hearth-queue-ms": _milliseconds(self.queue_ms) if self.attempts else None,
            "x-hearth-attempts": str(len(self.attempts)) if self.attempts else None,
            "x-hearth-ttft-ms": _milliseconds(self.ttft_ms),
            "x-hearth-filters": ", ".join(map("/".join, self.filters)) or None,
            "x-hearth-sources": str(len(self.sources)) if self.sources else None,
        }
        return {name: value for name, value in known.items() if value is not None} | self.limits

    @property
    def given_again(self) -> bool:
        """Whether nothing was generated for this request."""
        return self.cache in ("hit", "similar", "joined")


def _milliseconds(ms: float | None) -> str | None:
    return None if ms is None else f"{ms:.1f}"
