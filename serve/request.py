"""A client's request, read and checked, on its way through the pipeline."""

from dataclasses import dataclass, field
from typing import Final

from index.store.records import NOBODY, Reader
from models.engine import Prompt
from serve.documents.grounding import FromDocuments
from serve.errors import NotAllowed
from serve.policy.freshness import Freshness
from serve.policy.limits import Payer
from serve.screening import Screened

AUTO: Final = "auto"


def model_not_allowed(model: str) -> NotAllowed:
    """For a key that may not use it."""
    text = f"This key may not use the model {model[:64]!r}: GET /v1/models lists those it may."
    return NotAllowed(text, "model", "model_not_allowed")


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asked for. `prompts` has one entry per choice, in order of index.

    `unset`: names of sampling fields that the client left open; the tier fills them in.
    `quality`: the dial of this request; None: the configured one. `documents`: what `reader`
    wants the answer to come from. `wish`: whether it may be a kept one, and be kept. `models`:
    those that may answer; None: all. `filters`: the policy that its key names; `screened` what
    that comes to, once it was looked through. `payers`: whose limits it counts for;
    `free`: for nobody's, not even its model's.
    """

    model: str
    prompts: tuple[Prompt, ...]
    stream: bool
    unset: frozenset[str] = frozenset()
    quality: float | None = None
    documents: FromDocuments | None = None
    reader: Reader = field(default=NOBODY)
    wish: Freshness = field(default_factory=Freshness)
    models: tuple[str, ...] | None = None
    payers: tuple[Payer, ...] = ()
    free: bool = False
    filters: str | None = None
    screened: Screened = field(default_factory=Screened)

    def may_use(self, model: str) -> bool:
        return self.models is None or model in self.models
