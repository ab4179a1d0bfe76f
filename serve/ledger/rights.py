"""What a key may do."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from serve.policy.freshness import Use
from serve.sections.quotas import Limits

Scope = Literal["chat", "embed", "ingest", "admin"]
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)
USER: Final[tuple[Scope, ...]] = ("chat", "embed", "ingest")

MOST_NAMES: Final = 256
Name = Annotated[str, Field(min_length=1, max_length=256)]
Names = Annotated[list[Name], Field(max_length=MOST_NAMES)]


class Rights(BaseModel):
    """`admin` stands for every scope. `models` and `collections` (by id or name): None is all.

    `expires_at` in unix seconds. `parent`: the group that it counts for, too. `cache`: whether
    kept answers are given, `exact` only to the very same question. `filters`: the name of a
    policy. `limits`: None stands for `quotas.keys` of the settings.
    """

    model_config = ConfigDict(frozen=True)

    scopes: Annotated[list[Scope], Field(min_length=1, max_length=len(SCOPES))] = list(USER)
    models: Names | None = None
    collections: Names | None = None
    expires_at: Annotated[float, Field(gt=0, lt=1e11)] | None = None
    parent: Name | None = None
    cache: Use = "on"
    filters: Name | None = None
    limits: Limits | None = None

    @property
    def admin(self) -> bool:
        return "admin" in self.scopes

    def allow(self, scopes: Sequence[Scope]) -> bool:
        """Whether one of `scopes` is among these, or none is needed."""
        return not scopes or self.admin or any(scope in self.scopes for scope in scopes)

    def allow_model(self, name: str) -> bool:
        return self.models is None or name in self.models


ADMIN: Final = Rights(scopes=[*USER, "admin"])
