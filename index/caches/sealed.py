"""An answer as it is kept and carried between processes: bytes, whose they are, and a seal."""

import math
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import orjson
from pydantic import ConfigDict, TypeAdapter, ValidationError

from models.engine import Chunk

_ANSWERS: Final = TypeAdapter(
    tuple[Chunk, ...], config=ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")
)


@dataclass(frozen=True, slots=True)
class Given:
    """A complete answer: one chunk per choice. `cost` is what it took to make, in milliseconds."""

    choices: tuple[Chunk, ...]
    tier: str
    model: str
    cost: float

    @property
    def tokens(self) -> int:
        """What its choices count, prompts included."""
        return sum(choice.usage.total_tokens for choice in self.choices if choice.usage)


@dataclass(frozen=True, slots=True)
class Owner:
    """Whom an answer is for. `models`: who might have given it, with revisions; `collections`:
    ids of those that its passages are from.
    """

    tenant: str
    models: tuple[tuple[str, str], ...]
    collections: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sealed:
    """`key` is the digest of what was asked. `answer`, `cost` and `tokens` as in `Given`."""

    key: bytes
    owner: Owner
    answer: bytes
    tier: str
    model: str
    cost: float
    tokens: int
    seal: bytes

    @classmethod
    def of(cls, key: bytes, given: Given, owner: Owner) -> "Sealed":
        answer = _ANSWERS.dump_json(given.choices)
        said = (key, owner, answer, given.tier, given.model, given.cost, given.tokens)
        return cls(*said, _seal(*said))

    def opened(self, owner: Owner) -> Given | None:
        """None when it is damaged, or is not for `owner`'s tenant and models."""
        mine = self.owner
        if (mine.tenant, mine.models) != (owner.tenant, owner.models) or not self.whole:
            return None
        try:
            choices = _ANSWERS.validate_json(self.answer)
        except ValidationError:  # of another version
            return None
        return Given(choices, self.tier, self.model, self.cost)

    @property
    def whole(self) -> bool:
        said = (self.key, self.owner, self.answer, self.tier, self.model, self.cost, self.tokens)
        return math.isfinite(self.cost) and _seal(*said) == self.seal


@dataclass(frozen=True, slots=True)
class Kept:
    """`age` in seconds."""

    sealed: Sealed
    age: float


def _seal(key: bytes, owner: Owner, answer: bytes, *said: object) -> bytes:
    """SHA-256 over all of it: it tells damage, not malice."""
    head = orjson.dumps((key.hex(), owner, len(answer), said))
    return sha256(head + answer).digest()
