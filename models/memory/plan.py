"""Whether a model fits into the memory that is really free, and what to do with the rest.

    weights + KV cache (bytes of a token x context x concurrency) + margin <= free

The KV cache holds a key and a value of every layer for every token (Pope et al. 2022,
arXiv:2211.05102); what is not needed for weights is worth spending on it.
"""

from dataclasses import dataclass
from typing import Final

from models.errors import ModelRefused

MARGIN_SHARE: Final = 0.08
MARGIN_LEAST: Final = 1_000_000_000
"""Of the total, and in bytes: activations, CUDA graphs, allocators and the driver's own."""

USUAL_CONTEXT: Final = 32_768
LEAST_CONTEXT: Final = 2_048
ENOUGH_AT_ONCE: Final = 8
MOST_AT_ONCE: Final = 256
STEP: Final = 256  # tokens


@dataclass(frozen=True, slots=True)
class Footprint:
    """What a model takes: bytes of its weights, bytes of one token's KV over all layers."""

    weights: int
    token: float
    max_context: int


@dataclass(frozen=True, slots=True)
class Holder:
    """A process and the bytes that it holds."""

    name: str
    pid: int
    memory: int


@dataclass(frozen=True, slots=True)
class Room:
    """The memory of a GPU or of the machine, in bytes; `holders` with the largest first."""

    where: str
    total: int
    free: int
    holders: tuple[Holder, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """`concurrency` answers of the whole `context_length` (tokens) at once; sizes in bytes."""

    room: Room
    weights: int
    kv_cache: int
    margin: int
    context_length: int
    concurrency: int

    @property
    def needed(self) -> int:
        return self.weights + self.kv_cache + self.margin

    @property
    def lacking(self) -> int:
        """0 when it fits."""
        return max(0, self.needed - self.room.free)

    @property
    def holder(self) -> Holder | None:
        """Whoever holds most of what is not free."""
        return self.room.holders[0] if self.room.holders else None


def plan(
    footprint: Footprint,
    room: Room,
    *,
    context_length: int | None = None,
    concurrency: int | None = None,
) -> Plan:
    """With what is asked for, and the best of what is not.

    1. Both asked for: these. 2. One: as much of the other as fits. 3. Neither: the usual context,
    halved until enough answers fit at once. What does not fit is planned at its least, so that
    `lacking` says by how much. Raises `ModelRefused` for a context that the model does not have.
    """
    most = footprint.max_context
    if context_length is not None and context_length > most:
        raise ModelRefused(f"The model's context has at most {most} tokens.")
    margin = max(MARGIN_LEAST, int(MARGIN_SHARE * room.total))
    tokens = max(0, int((room.free - footprint.weights - margin) / footprint.token))
    if context_length is None:
        context_length = _context(tokens, most, concurrency)
    if concurrency is None:
        concurrency = min(MOST_AT_ONCE, max(1, tokens // context_length))
    return Plan(
        room=room,
        weights=footprint.weights,
        kv_cache=int(footprint.token * context_length * concurrency),
        margin=margin,
        context_length=context_length,
        concurrency=concurrency,
    )


def _context(tokens: int, most: int, concurrency: int | None) -> int:
    """For a KV cache of `tokens`."""
    least = min(LEAST_CONTEXT, most)
    if concurrency is not None:
        return min(most, max(least, tokens // concurrency // STEP * STEP))
    context = min(USUAL_CONTEXT, most)
    while context // 2 >= least and tokens // context < ENOUGH_AT_ONCE:
        context //= 2
    return context
