"""One generation as the scheduler sees it, and what a slot remembers of it afterwards."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Tokens = NDArray[np.int32]


@dataclass(eq=False, slots=True)
class Sequence:
    """`history[:known]` is the prompt and what was sampled; `history[:computed]` is in the KV.

    Prefill and decoding are the same thing: bring `computed` up to `known`. `limit` is the length
    at which it ends, prompt included. `order` and `since` are set by the scheduler.
    """

    tenant: str
    prompt: Tokens
    limit: int
    priority: int = 0
    history: Tokens = field(init=False)
    known: int = field(init=False)
    computed: int = 0
    cached: int = 0
    slot: int | None = None
    order: int = 0
    since: int = 0

    def __post_init__(self) -> None:
        self.history = np.empty(max(self.limit, len(self.prompt)), np.int32)
        self.known = len(self.prompt)
        self.history[: self.known] = self.prompt

    @property
    def pending(self) -> int:
        """Tokens that are known and not yet computed: 1 while decoding."""
        return self.known - self.computed

    @property
    def generated(self) -> int:
        return self.known - len(self.prompt)

    @property
    def is_decoding(self) -> bool:
        return self.pending == 1 and self.generated > 0

    @property
    def is_full(self) -> bool:
        return self.known >= self.limit

    def append(self, token: int) -> None:
        self.history[self.known] = token
        self.known += 1

    def computed_tokens(self) -> Tokens:
        return self.history[: self.computed]

    def known_tokens(self) -> Tokens:
        return self.history[: self.known]


@dataclass(eq=False, slots=True)
class Slot:
    """A place in the KV cache. After its sequence ended it keeps the prefix until it is needed.

    `used` is the step at which it was last taken or left.
    """

    index: int
    holder: Sequence | None = None
    running: bool = False
    used: int = 0

    def holds(self, tenant: str) -> Tokens | None:
        """What is in the KV for `tenant`; nobody else ever learns."""
        if self.holder is None or self.holder.tenant != tenant:
            return None
        return self.holder.computed_tokens()
