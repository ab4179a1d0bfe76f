"""`/admin/keys` and `/admin/groups`: what the requests may say."""

from typing import Annotated, Any, Final

from pydantic import Field

from serve.api.schema import Schema
from serve.api.schema_vector_stores import ShownName
from serve.ledger.groups import GroupKind, GroupName
from serve.ledger.rights import Rights
from serve.sections.quotas import Limits

LONGEST_OVERLAP: Final = 90 * 86_400  # seconds
KeyName = Annotated[ShownName, Field(max_length=64)]


class KeyRights(Schema, Rights):
    """Fields of `Rights`, as far as they are given."""

    def given(self) -> dict[str, Any]:
        named = self.model_fields_set & Rights.model_fields.keys()
        return self.model_dump(include=named, exclude_unset=True)


class NewKey(KeyRights):
    """`like`: id of a key; the new one sees and owns what that one does."""

    name: KeyName
    like: Annotated[str, Field(min_length=1, max_length=64)] | None = None


class ChangedKey(KeyRights):
    """What is not named stays."""


class Rotation(Schema):
    """`overlap`: seconds that the old key stays good."""

    overlap: Annotated[float, Field(ge=0, le=LONGEST_OVERLAP)] = 0.0


class NewGroup(Schema):
    """A group of this name is changed: all of it is as it says here."""

    name: GroupName
    kind: GroupKind = "team"
    parent: GroupName | None = None
    limits: Limits = Limits()
