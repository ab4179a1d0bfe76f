"""One past request, as its receipt tells it: what was asked, by its features, and what came."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from statistics import median
from typing import Any, Final, Literal

from models.engine import Usage
from serve.receipts.features import Features

Refusal = Literal["limit", "admission", "model"]
BY_LIMIT: Final = frozenset({"rate_limit_exceeded", "insufficient_quota"})
BY_ADMISSION: Final = frozenset({("overloaded", 429), ("deadline_exceeded", 503)})
AGAIN: Final = frozenset({"hit", "similar", "joined"})
FIRST_BYTES: Final = 4.0  # per token, where nothing is known
FIRST_OUTPUT: Final = 200  # tokens
_FIELDS: Final = {field.name for field in fields(Features)}


@dataclass(frozen=True, slots=True)
class Outcome:
    """`again`: nothing was generated. Times in seconds since the request came; energy in
    watt-hours. A request that was refused has no tier.
    """

    tier: str | None = None
    again: bool = False
    refusal: Refusal | None = None
    ttft: float = 0.0
    total: float = 0.0
    cost: float = 0.0
    energy: float = 0.0


@dataclass(frozen=True, slots=True)
class Past:
    """`at` in unix seconds; `usage` of an answer, where there was one; `passages`: how many it was
    given. `queue`: seconds that it waited for a permit; `usual`: its times are those of one
    generation that went well.
    """

    at: float
    key: str
    features: Features
    stream: bool
    passages: int
    usage: Usage | None
    really: Outcome
    queue: float = 0.0
    usual: bool = True

    @property
    def truth(self) -> Usage:
        """Of what is `filled`."""
        assert self.usage is not None
        return self.usage


def past_of(told: Mapping[str, Any]) -> Past | None:
    """Of a receipt; None where it tells too little: it asked for no answer, is from before features
    were kept, or came to nothing for other reasons than a refusal.
    """
    known, error = told.get("features"), told["error"]
    refusal = _refusal(error, told)
    if not known or (told["total_ms"] is None) or not known.keys() >= {"wanted", "size"}:
        return None
    usage = _usage(told)
    if usage is None and refusal is None:
        return None
    outcome = Outcome(
        None if refusal else told["tier"],
        told["cache"] in AGAIN,
        refusal,
        (told["ttft_ms"] or 0.0) / 1000,
        told["total_ms"] / 1000,
        told["cost"],
        told["energy"],
    )
    attempts = told["attempts"]
    return Past(
        told["at"],
        told["key"] or "",
        Features(**{name: value for name, value in known.items() if name in _FIELDS}),
        told["stream"],
        len(told["sources"]),
        usage,
        outcome,
        told["queue_ms"] / 1000,
        told["status"] == 200 and len(attempts) == 1 and attempts[0][1] is None,
    )


def _refusal(error: str | None, told: Mapping[str, Any]) -> Refusal | None:
    if error in BY_LIMIT:
        return "limit"
    return "admission" if (error, told["status"]) in BY_ADMISSION else None


def _usage(told: Mapping[str, Any]) -> Usage | None:
    usage = Usage(told["prompt_tokens"], told["completion_tokens"], told["cached_tokens"])
    return usage if usage.total_tokens else None


def filled(pasts: Iterable[Past]) -> list[Past]:
    """In order of time, with what is not known of some taken from others: the difficulty from
    whoever asked the same, tokens of who was refused from what is usual.
    """
    ordered = sorted(pasts, key=lambda past: past.at)
    shapes = [(past.features.size, past.usage) for past in ordered if past.usage]
    sizes = [size / usage.prompt_tokens for size, usage in shapes if usage.prompt_tokens and size]
    each = median(sizes) if sizes else FIRST_BYTES
    output = int(median(usage.completion_tokens for _, usage in shapes)) if shapes else FIRST_OUTPUT
    guesses = {
        past.features.digest: (past.features.difficulty, past.features.familiar)
        for past in ordered
        if past.features.difficulty is not None and past.features.digest is not None
    }
    return [_filled(past, each, output, guesses) for past in ordered]


def _filled(
    past: Past,
    bytes_per_token: float,
    output: int,
    guesses: Mapping[str, tuple[float, bool]],
) -> Past:
    features, usage = past.features, past.usage
    if usage is None:
        most = output if features.max_tokens is None else min(output, features.max_tokens)
        usage = Usage(max(1, round(features.size / bytes_per_token)), most)
    if features.difficulty is None and (known := guesses.get(features.digest or "")):
        features = replace(features, difficulty=known[0], familiar=known[1])
    return replace(past, usage=usage, features=features)
