"""Keys: who may ask. Only hashes are kept; a key is shown once, when it is made.

A key reads `hearth-ID-SECRET` with 256 random bits of secret, so one SHA-256 is enough: there is
nothing to guess that a slow hash would protect.
"""

import hashlib
import hmac
import math
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

from serve.errors import InvalidKey
from serve.ledger.audit import LOCAL, Act, acts, note
from serve.ledger.database import connect, writing
from serve.ledger.groups import Group, Groups, chain
from serve.ledger.rights import Rights

PREFIX: Final = "hearth"
NOBODY: Final = hashlib.sha256(b"no key has this hash").digest()
_SELECT: Final = "SELECT id, name, tenant, account, created_at, revoked_at, rights FROM keys"
_SELECT_WITH_HASH: Final = _SELECT.replace("SELECT", "SELECT hash,")
_FIND: Final = f"{_SELECT} WHERE (id = ?1 OR name = ?1) AND revoked_at IS NULL ORDER BY rowid"


@dataclass(frozen=True, slots=True)
class Key:
    """Times in unix seconds. A rotated key's successor has the same `tenant` and `account`.

    `tenant`: whose documents and answers it sees; `account`: what its use is counted under.
    """

    id: str
    name: str
    tenant: str
    account: str
    created_at: float
    revoked_at: float | None
    rights: Rights

    @property
    def active(self) -> bool:
        return self.revoked_at is None

    @property
    def admin(self) -> bool:
        return self.rights.admin

    def described(self, now: float) -> dict[str, Any]:
        """All of it but the secret, JSON-ready."""
        known: dict[str, Any] = {"id": self.id, "name": self.name, "state": self.state(now)}
        known |= {"tenant": self.tenant, "account": self.account}
        known |= {"created_at": self.created_at, "revoked_at": self.revoked_at}
        return known | self.rights.model_dump(mode="json")

    def state(self, now: float) -> Literal["active", "expired", "revoked"]:
        if not self.active:
            return "revoked"
        ends = self.rights.expires_at
        return "expired" if ends is not None and ends <= now else "active"


STRANGER: Final = Key("", "", "", "", 0.0, None, Rights(expires_at=1.0))


class UnknownKey(Exception):
    """No active key has this id or name."""


class Keys:
    """The key ring in `database`. Safe for several processes; one thread per instance.

    `clock` gives unix seconds. What changes keys is noted as done by `by`: see serve/ledger/audit.
    """

    def __init__(self, database: Path, clock: Callable[[], float] = time.time) -> None:
        self._db = connect(database)
        self._clock = clock
        self._version: tuple[int, int] | None = None
        self._active: dict[str, tuple[bytes, Key]] = {}
        self._groups: dict[str, Group] = {}
        self.groups = Groups(self._db)

    def create(
        self, name: str, rights: Rights | None = None, tenant: str | None = None, by: str = LOCAL
    ) -> tuple[Key, str]:
        """A new key and its text, which nobody can read again. `tenant` None: a new one.

        Raises `GroupRefused` for a parent that is not there.
        """
        made, rights = secrets.token_hex(6), rights or Rights()
        key = Key(made, name, tenant or secrets.token_hex(6), made, self._clock(), None, rights)
        with writing(self._db):
            self.groups.check(rights.parent)
            text = self._insert(key)
            note(self._db, by, "key.create", made, name=name, **shown(rights.model_dump()))
        return key, text

    def all(self) -> list[Key]:
        """All keys ever made, oldest first."""
        return [_key(row) for row in self._db.execute(f"{_SELECT} ORDER BY rowid")]

    def found(self, id_or_name: str) -> list[Key]:
        """The keys with this id or name that were not revoked, oldest first.

        Raises `UnknownKey`.
        """
        found = [_key(row) for row in self._db.execute(_FIND, (id_or_name,))]
        if not found:
            raise UnknownKey(id_or_name)
        return found

    def change(self, id_or_name: str, changes: Mapping[str, Any], by: str = LOCAL) -> list[Key]:
        """Other rights for the keys with this id or name: fields of `Rights`, the rest stays.

        Raises `UnknownKey`, `GroupRefused`.
        """
        with writing(self._db):
            for key in self.found(id_or_name):
                rights = Rights.model_validate({**key.rights.model_dump(), **changes})
                self.groups.check(rights.parent)
                self._set_rights(key.id, rights)
                note(self._db, by, "key.change", key.id, name=key.name, **shown(changes))
            changed = self.found(id_or_name)
        return changed

    def revoke(self, id_or_name: str, by: str = LOCAL) -> list[Key]:
        """Revoke every key with this id or name. Raises `UnknownKey`."""
        with writing(self._db):
            revoked = self.found(id_or_name)
            for key in revoked:
                self._revoke(key, by)
        return revoked

    def rotate(self, id_or_name: str, overlap: float = 0.0, by: str = LOCAL) -> tuple[Key, str]:
        """Replace a key: same name, tenant, account and rights, a new secret.

        The old one is good for another `overlap` seconds. Raises `UnknownKey`.
        """
        now, made = self._clock(), secrets.token_hex(6)
        with writing(self._db):
            every = self.found(id_or_name)
            last = every[-1]
            for key in every:
                if overlap > 0:
                    end = min(now + overlap, key.rights.expires_at or math.inf)
                    self._set_rights(key.id, key.rights.model_copy(update={"expires_at": end}))
                else:
                    self._revoke(key, by)
            key = replace(last, id=made, created_at=now)
            text = self._insert(key)
            note(self._db, by, "key.rotate", made, name=key.name, replaces=last.id, overlap=overlap)
        return key, text

    def authenticate(self, text: str) -> Key:
        """The active key that `text` spells. Raises `InvalidKey`.

        Always hashes, always compares and always looks at the clock, so that time tells nothing. A
        change by any process is seen by the next call: SQLite's data_version costs microseconds.
        """
        self._refresh()
        given = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
        key_id = text.split("-", 2)[1] if text.count("-") >= 2 else ""
        expected, key = self._active.get(key_id, (NOBODY, STRANGER))
        right, state = hmac.compare_digest(given, expected), key.state(self._clock())
        if not right or state != "active":
            raise InvalidKey
        return key

    def groups_of(self, key: Key) -> tuple[Group, ...]:
        """What `key` counts for: its parent and upwards, as of the last `authenticate`."""
        return chain(self._groups, key.rights.parent)

    def record(self, by: str, act: str, target: str, **details: Any) -> None:
        """An act that changes no key, for the audit log."""
        note(self._db, by, act, target, **details)

    def acts(self, most: int, before: int | None = None) -> list[Act]:
        """What was done, newest first; `before` the one with this number."""
        return acts(self._db, most, before)

    def close(self) -> None:
        self._db.close()

    def _refresh(self) -> None:
        version = (int(self._db.pragma("data_version")), self._db.total_changes())
        if version == self._version:
            return
        rows = self._db.execute(f"{_SELECT_WITH_HASH} WHERE revoked_at IS NULL")
        self._active = {str(row[1]): (bytes(row[0]), _key(row[1:])) for row in rows}
        self._groups = self.groups.all()
        self._version = version

    def _insert(self, key: Key) -> str:
        text = f"{PREFIX}-{key.id}-{secrets.token_urlsafe(32)}"
        self._db.execute(
            "INSERT INTO keys (hash, id, name, tenant, account, created_at, rights) "
            "VALUES (?,?,?,?,?,?,?)",
            (hashlib.sha256(text.encode()).digest(), key.id, key.name, key.tenant, key.account,
             key.created_at, _kept(key.rights)),
        )  # fmt: skip
        return text

    def _set_rights(self, key_id: str, rights: Rights) -> None:
        self._db.execute("UPDATE keys SET rights = ? WHERE id = ?", (_kept(rights), key_id))

    def _revoke(self, key: Key, by: str) -> None:
        self._db.execute("UPDATE keys SET revoked_at = ? WHERE id = ?", (self._clock(), key.id))
        note(self._db, by, "key.revoke", key.id, name=key.name)


def shown(rights: Mapping[str, Any]) -> dict[str, Any]:
    """Of rights by name, those that say something."""
    return {name: value for name, value in rights.items() if value is not None}


def _kept(rights: Rights) -> str:
    return rights.model_dump_json(exclude_defaults=True)


def _key(row: tuple[Any, ...]) -> Key:
    key_id, name, tenant, account, created_at, revoked_at, kept = row
    rights = Rights.model_validate_json(kept)
    return Key(key_id, name, tenant, account, created_at, revoked_at, rights)
