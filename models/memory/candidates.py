"""Which large model a GPU gets when nobody names one: the best that leaves room for many."""

from dataclasses import dataclass
from typing import Final

from models.memory.plan import Footprint, Plan, Room, plan

CONTEXT: Final = 8_192  # tokens of prompt and answer that are expected of each of them
AT_ONCE: Final = 8  # answers of that length that must fit beside the weights
MOST_CONTEXT: Final = 16_384
USABLE: Final = 0.9  # of a GPU's memory: what vLLM takes by default


@dataclass(frozen=True, slots=True)
class Candidate:
    """`repository` on the Hugging Face Hub; the model's name is its last part."""

    repository: str
    footprint: Footprint

    @property
    def name(self) -> str:
        return self.repository.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Choice:
    candidate: Candidate
    plan: Plan


def _candidate(repository: str, weights: float, layers: int) -> Candidate:
    """`weights` in GB, as bf16. All have 8 key-value heads of 128 numbers in each layer."""
    token = layers * 2 * 8 * 128 * 2
    return Candidate(repository, Footprint(int(weights * 1e9), token, 40_960))


# Apache-2.0, one family: sizes of the published safetensors, layers of the published config.json.
CANDIDATES: Final = (
    _candidate("Qwen/Qwen3-1.7B", 4.1, 28),
    _candidate("Qwen/Qwen3-4B", 8.1, 36),
    _candidate("Qwen/Qwen3-8B", 16.4, 36),
    _candidate("Qwen/Qwen3-14B", 29.6, 40),
    _candidate("Qwen/Qwen3-32B", 65.6, 64),
)


def choose(total: int) -> Choice:
    """For a GPU of `total` bytes; the smallest where none fits. The plan is for that GPU, empty."""
    room = Room("the GPU", total, int(USABLE * total))
    for candidate in reversed(CANDIDATES):
        found = plan(candidate.footprint, room, context_length=CONTEXT, concurrency=AT_ONCE)
        if not found.lacking:
            break
    context = MOST_CONTEXT if not found.lacking else CONTEXT
    return Choice(candidate, plan(candidate.footprint, room, context_length=context))
