"""What a request will cost, guessed from what such requests have cost."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

KEPT: Final = 4096  # keys whose habits are remembered
STEP: Final = 0.1  # weight of the newest observation
FIRST_OUTPUT: Final = 200.0  # tokens, until something is known
FIRST_BYTES: Final = 4.0  # per token
RESERVE: Final = 2.0  # what is reserved in the KV cache, as a multiple of the expected output


@dataclass(frozen=True, slots=True)
class Estimate:
    """Tokens: of the prompt, those of it that must be computed, and of the answer.

    `reserved` is how much of the KV cache it may come to hold, prompt included.
    """

    prompt: float
    prefill: float
    output: float
    reserved: float


@dataclass(frozen=True, slots=True)
class Truth:
    """What it was in the end, in tokens."""

    prompt: int
    cached: int
    output: int


@dataclass(slots=True)
class _Habits:
    """Moving averages. `cached` is a share of the prompt."""

    output: float
    bytes_per_token: float
    cached: float = 0.0


class Estimator:
    """Learns per key; a key that is new starts with what all have in common."""

    def __init__(self) -> None:
        self._all = _Habits(FIRST_OUTPUT, FIRST_BYTES)
        self._keys: OrderedDict[str, _Habits] = OrderedDict()

    def guess(self, key: str, size: int, max_tokens: int | None) -> Estimate:
        """`size` of the prompt in bytes."""
        habits = self._keys.get(key, self._all)
        prompt = size / habits.bytes_per_token
        output = habits.output if max_tokens is None else min(habits.output, max_tokens)
        most = output * RESERVE if max_tokens is None else min(output * RESERVE, max_tokens)
        return Estimate(prompt, prompt * (1 - habits.cached), output, prompt + most)

    def learn(self, key: str, size: int, truth: Truth) -> None:
        own = self._keys.pop(key, None)
        if own is None:
            own = _Habits(self._all.output, self._all.bytes_per_token, self._all.cached)
        self._keys[key] = own
        if len(self._keys) > KEPT:
            self._keys.popitem(last=False)
        for habits in (self._all, own):
            _learn(habits, size, truth)


def _learn(habits: _Habits, size: int, truth: Truth) -> None:
    habits.output += STEP * (truth.output - habits.output)
    if truth.prompt and size:
        habits.bytes_per_token += STEP * (size / truth.prompt - habits.bytes_per_token)
        habits.bytes_per_token = max(0.1, habits.bytes_per_token)
        habits.cached += STEP * (truth.cached / truth.prompt - habits.cached)
