"""What is asked, whole, and what of it two requests have in common."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from typing import Any, Final

import orjson

from index.caches.sealed import Owner
from models.engine import Message, Prompt
from serve.documents.grounding import Grounds
from serve.generation.tiers import Tier
from serve.policy.freshness import Freshness
from serve.policy.routing import last_turn
from serve.request import Request

LENGTH: Final = 32  # bytes of a digest
_JSON: Final = orjson.OPT_NON_STR_KEYS


@dataclass(frozen=True)
class Question:
    """What is asked, whole: everything that could change the answer.

    `models` names who may answer, with revisions; `prompts` are without what documents say, which
    is in `sources`: collection, document and words of each. `only`: nothing else may answer; None:
    documents are not asked. `temperature` is the highest that may be used; `unset` and `quality`
    as in `serve.pipeline.Request`; `filters`: what holds of their policies. `salt`: the secret of
    the installation, so that nobody finds out what was asked by digesting guesses.
    """

    model: str
    models: Sequence[tuple[str, str]]
    prompts: Sequence[Prompt]
    sources: Sequence[tuple[str, str, str]]
    only: bool | None
    unset: frozenset[str]
    quality: float | None
    stream: bool
    temperature: float
    wish: Freshness
    filters: Sequence[object] = ()
    salt: bytes = b""

    @classmethod
    def of(
        cls, request: Request, grounds: Grounds, tiers: Sequence[Tier], salt: bytes
    ) -> "Question":
        """`tiers`: who may answer."""
        cards = [tier.engine.card for tier in tiers]
        temperature = max(prompt.sampling.temperature for prompt in request.prompts)
        if "temperature" in request.unset:
            temperature = max(tier.settings.temperature for tier in tiers)
        return cls(
            request.model,
            [(card.name, card.revision) for card in cards],
            request.prompts,
            grounds.identity,
            request.documents.only if request.documents else None,
            request.unset,
            request.quality,
            request.stream,
            temperature,
            request.wish if grounds.keep else request.wish.within("off"),
            request.screened.policy.identity,
            salt,
        )

    def digest(self) -> bytes:
        """Keyed by `salt`. Who asks, how urgently and how it is delivered change no answer."""
        return self._digest

    @cached_property
    def _digest(self) -> bytes:
        said = (
            self.model,
            self.models,
            self.sources,
            self.only,
            sorted(self.unset),
            self.quality,
            self.filters,
            [_essence(prompt) for prompt in self.prompts],
        )
        text = orjson.dumps(said, _plain, _JSON)
        return blake2b(text, key=self.salt, digest_size=LENGTH).digest()

    def context(self) -> bytes | None:
        """The same without what the user said last; None where that is not all that was asked."""
        chats = [_unsaid(prompt) for prompt in self.prompts]
        if None in chats or len({last_turn(prompt) for prompt in self.prompts}) != 1:
            return None
        return replace(self, prompts=[chat for chat in chats if chat]).digest()

    @property
    def owner(self) -> Owner:
        """Whom its answer is for."""
        collections = sorted({collection for collection, _, _ in self.sources})
        return Owner(self.prompts[0].tenant, tuple(self.models), tuple(collections))

    @property
    def repeatable(self) -> bool:
        return all(prompt.sampling.seed is not None for prompt in self.prompts)


def _essence(prompt: Prompt) -> Prompt:
    return replace(prompt, request_id="", priority=0, timeout=None, whole=False, patient=True)


def _unsaid(prompt: Prompt) -> Prompt | None:
    """A chat without the words of its last turn, which is the user's, and to which nobody has
    begun to answer.
    """
    if not isinstance(prompt.input, tuple) or not prompt.input or prompt.begun:
        return None
    last = prompt.input[-1]
    if not isinstance(last, Message) or last.role != "user":
        return None
    turns = [turn for turn in prompt.input if isinstance(turn, Message)]
    return replace(prompt, input=(*turns[:-1], replace(last, content="")))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(type(value).__name__)
