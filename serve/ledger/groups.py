"""Teams, people and programs: what keys count for, besides for themselves."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

import apsw
from pydantic import BaseModel, ConfigDict, Field

from serve.ledger.audit import LOCAL, note
from serve.ledger.database import writing
from serve.sections.quotas import Limits

GroupName = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
GroupKind = Literal["team", "person", "program"]
DEEPEST: Final = 4  # groups above a key
_MEMBERS: Final = """
    SELECT 1 FROM groups WHERE parent = ?1 UNION ALL
    SELECT 1 FROM keys WHERE revoked_at IS NULL AND rights ->> 'parent' = ?1
"""


class Group(BaseModel):
    """`parent`: the group that it counts for in its turn. `created_at` in unix seconds."""

    model_config = ConfigDict(frozen=True)

    name: GroupName
    kind: GroupKind = "team"
    parent: str | None = None
    limits: Limits = Limits()
    created_at: float


class GroupRefused(Exception):
    """`args[0]` says why, for people; `args[1]` names the field."""


class GroupInUse(GroupRefused):
    """Something counts for it."""


class Groups:
    """Those in a ledger. `put` and `remove` are noted as done by `by`."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db

    def all(self) -> dict[str, Group]:
        """By name."""
        rows = self._db.execute(
            "SELECT name, kind, parent, limits, created_at FROM groups ORDER BY name"
        )
        return {
            name: Group(
                name=name,
                kind=kind,
                parent=parent,
                limits=Limits.model_validate_json(limits),
                created_at=created_at,
            )
            for name, kind, parent, limits, created_at in rows
        }

    def check(self, parent: str | None) -> None:
        """Raises `GroupRefused` where there is no such group to count for."""
        if parent is not None and parent not in self.all():
            raise GroupRefused(f"No group has the name {parent!r}.", "parent")

    def put(self, group: Group, by: str = LOCAL) -> None:
        """Make it, or change it. Raises `GroupRefused`."""
        limits = group.limits.model_dump_json(exclude_defaults=True)
        told = group.limits.model_dump(exclude_defaults=True)
        with writing(self._db):
            self.check(group.parent if group.parent != group.name else None)
            self._db.execute(
                "INSERT INTO groups (name, kind, parent, limits, created_at) VALUES (?,?,?,?,?) "
                "ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, "
                "parent = excluded.parent, limits = excluded.limits",
                (group.name, group.kind, group.parent, limits, group.created_at),
            )
            groups = self.all()
            if any(len(chain(groups, name)) > DEEPEST for name in groups):
                text = f"Groups may be {DEEPEST} deep, and none may be above itself."
                raise GroupRefused(text, "parent")
            details = {"kind": group.kind, "parent": group.parent, "limits": told}
            note(self._db, by, "group.put", group.name, **details)

    def remove(self, name: str, by: str = LOCAL) -> None:
        """Raises `GroupRefused` where there is none, or while a key or group counts for it."""
        with writing(self._db):
            gone = self._db.execute("DELETE FROM groups WHERE name = ? RETURNING name", (name,))
            if not gone.fetchall():
                raise GroupRefused(f"No group has the name {name!r}.", "group")
            if self._db.execute(_MEMBERS, (name,)).fetchall():
                raise GroupInUse("Keys or groups still count for this group.", "group")
            note(self._db, by, "group.remove", name)


def chain(groups: Mapping[str, Group], parent: str | None) -> tuple[Group, ...]:
    """From `parent` upwards."""
    found: list[Group] = []
    while parent is not None and parent in groups and len(found) <= DEEPEST:
        found.append(groups[parent])
        parent = groups[parent].parent
    return tuple(found)
