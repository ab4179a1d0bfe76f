"""Where the time of a request went, by its receipt: every moment is told once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple, get_args

# What gives way to what, where several happen at once (as with several choices).
Part = Literal[
    "other", "receive", "search", "embed", "cache", "route", "pause", "shared",
    "failed", "queue", "load", "read", "generate", "write",
]  # fmt: skip
PARTS: Final[tuple[Part, ...]] = get_args(Part)
_STEPS: Final[dict[str, Part]] = {
    "read": "receive",
    "receive": "receive",
    "retrieve": "search",
    "search": "search",
    "embed": "embed",
    "cache": "cache",
    "similar": "cache",
    "route": "route",
}
LONGER: Final = "longer_than_expected"
FAR: Final = 1.5  # times what was expected: more is worth telling
LEAST: Final = 500.0  # milliseconds of waiting of which it is
SHORT: Final = 1.0  # milliseconds; what took less is `other`

Told = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Spent:
    """`share` of the whole, 0 to 1.

    `why`, where more is known: of `queue` busy or longer_than_expected, of `load` what the model
    was (asleep, loading, unavailable), of `read` prompt or cached (most of it was known from
    before), of `write` longer_than_expected, of `failed` the class of the first cause.
    """

    part: Part
    seconds: float
    share: float
    why: str | None = None


class _Span(NamedTuple):
    """In milliseconds since the request came."""

    start: float
    end: float
    part: Part
    why: str | None = None


def time_spent(told: Told) -> list[Spent]:
    """In the order in which parts began, `other` last; they sum to `total_ms`. Nothing for a
    receipt without one.
    """
    total = told["total_ms"] or 0.0
    spans = [*_of_steps(told), *_of_sharing(told, total), *_of_attempts(told)]
    spans = [
        span._replace(start=min(max(span.start, 0.0), total), end=min(span.end, total))
        for span in spans
    ]
    spans = [span for span in spans if span.end - span.start >= SHORT]
    longest_last = sorted(spans, key=lambda span: span.end - span.start)
    whys = {span.part: span.why for span in longest_last}
    return [
        Spent(part, round(ms / 1000, 6), round(ms / total, 6), whys.get(part))
        for part, ms in _swept(spans, total).items()
    ]


def _swept(spans: list[_Span], total: float) -> dict[Part, float]:
    """Milliseconds of each part that lasted some time."""
    ranks = {part: rank for rank, part in enumerate(PARTS)}
    marks = [(span.start, ranks[span.part], 1) for span in spans]
    marks += [(span.end, ranks[span.part], -1) for span in spans]
    spent, at, lasting = dict[Part, float](), 0.0, [0] * len(PARTS)
    for when, rank, change in [*sorted(marks), (total, 0, 0)]:
        if when > at:
            highest = max((r for r, count in enumerate(lasting) if count), default=0)
            spent[PARTS[highest]] = spent.get(PARTS[highest], 0.0) + when - at
            at = when
        lasting[rank] += change
    if "other" in spent:
        spent["other"] = spent.pop("other")
    return spent


def _of_steps(told: Told) -> Iterator[_Span]:
    for name, _, at, ms in told["steps"]:
        if (part := _STEPS.get(name)) is not None:
            yield _Span(at, at + ms, part)


def _of_sharing(told: Told, total: float) -> Iterator[_Span]:
    """An answer that another request made meanwhile."""
    if told["cache"] != "joined":
        return
    began = max((at + ms for name, _, at, ms in told["steps"] if name == "cache"), default=0.0)
    first = told["ttft_ms"] if told["ttft_ms"] is not None else total
    yield _Span(began, first, "shared")
    yield _Span(first, total, "write")


def _of_attempts(told: Told) -> Iterator[_Span]:
    failed_at: float | None = None
    for attempt in told["attempts"]:
        _, error, cause, at, ms, queue, load, was, first = (*attempt, 0.0, 0.0, None, None)[:9]
        if failed_at is not None:
            yield _Span(failed_at, at, "pause")
        end, begun, ready = at + ms, at + queue, at + queue + load
        yield _Span(at, begun, "queue", _why_queue(told))
        yield _Span(begun, ready, "load", was)
        if first is not None:
            yield _Span(ready, at + first, "read", _why_read(told))
            yield _Span(at + first, end, "write", _why_write(told))
        elif error is not None:
            yield _Span(ready, end, "failed", cause or error)
        elif told["stream"]:  # whose reader left before it said anything
            yield _Span(ready, end, "read", _why_read(told))
        else:
            yield _Span(ready, end, "generate", _why_write(told))
        failed_at = end if error is not None else None


def _why_queue(told: Told) -> str:
    expected, took = told["expected_wait_ms"], told["queue_ms"]
    return LONGER if expected is not None and took > max(LEAST, FAR * expected) else "busy"


def _why_read(told: Told) -> str:
    return "cached" if 2 * told["cached_tokens"] > told["prompt_tokens"] else "prompt"


def _why_write(told: Told) -> str | None:
    expected = sum(tokens for tokens, _ in told["forecast"])
    came = sum(tokens for _, tokens in told["forecast"])
    return LONGER if expected and came > FAR * expected else None
