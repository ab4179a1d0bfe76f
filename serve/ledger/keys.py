"""Keys: who may ask. Only hashes are kept; a key is shown once, when it is made.

A key reads `hearth-ID-SECRET` with 256 random bits of secret, so one SHA-256 is enough: there is
nothing to guess that a slow hash would protect.
"""

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serve.errors import InvalidKey
from serve.ledger.database import connect

PREFIX = "hearth"
NOBODY = hashlib.sha256(b"no key has this hash").digest()


@dataclass(frozen=True, slots=True)
class Key:
    """Times in unix seconds. A rotated key's successor has the same `tenant`."""

    id: str
    name: str
    tenant: str
    admin: bool
    created_at: float
    revoked_at: float | None

    @property
    def active(self) -> bool:
        return self.revoked_at is None


class UnknownKey(Exception):
    """No active key has this id or name."""


class Keys:
    """The key ring in `database`. Safe for several processes; one thread per instance."""

    def __init__(self, database: Path) -> None:
        self._db = connect(database)
        self._version: tuple[int, int] | None = None
        self._active: dict[str, tuple[bytes, Key]] = {}

    def create(self, name: str, admin: bool = False, tenant: str | None = None) -> tuple[Key, str]:
        """A new key and its text, which nobody can read again. `tenant` None: a new one."""
        with self._db:
            made = self._insert(name, tenant or secrets.token_hex(6), admin)
        return made

    def all(self) -> list[Key]:
        """All keys ever made, oldest first."""
        return [_key(row) for row in self._db.execute("SELECT * FROM keys ORDER BY rowid")]

    def revoke(self, id_or_name: str) -> list[Key]:
        """Revoke every active key with this id or name. Raises `UnknownKey`."""
        with self._db:
            revoked = self._revoke(id_or_name)
        return revoked

    def rotate(self, id_or_name: str) -> tuple[Key, str]:
        """Replace an active key: same name, tenant and rights, a new secret."""
        with self._db:
            old = self._revoke(id_or_name)[-1]
            made = self._insert(old.name, old.tenant, old.admin)
        return made

    def authenticate(self, text: str) -> Key:
        """The active key that `text` spells. Raises `InvalidKey`.

        Always hashes and always compares, so that time tells nothing. A change by any process
        is seen by the next call: SQLite's data_version costs microseconds.
        """
        self._refresh()
        given = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
        key_id = text.split("-", 2)[1] if text.count("-") >= 2 else ""
        expected, key = self._active.get(key_id, (NOBODY, None))
        if not hmac.compare_digest(given, expected) or key is None:
            raise InvalidKey
        return key

    def close(self) -> None:
        self._db.close()

    def _refresh(self) -> None:
        version = (int(self._db.pragma("data_version")), self._db.total_changes())
        if version == self._version:
            return
        rows = self._db.execute("SELECT hash, * FROM keys WHERE revoked_at IS NULL")
        self._active = {str(row[1]): (bytes(row[0]), _key(row[1:])) for row in rows}
        self._version = version

    def _insert(self, name: str, tenant: str, admin: bool) -> tuple[Key, str]:
        key = Key(secrets.token_hex(6), name, tenant, admin, time.time(), None)
        text = f"{PREFIX}-{key.id}-{secrets.token_urlsafe(32)}"
        self._db.execute(
            "INSERT INTO keys (id, name, tenant, admin, hash, created_at) VALUES (?,?,?,?,?,?)",
            (key.id, name, tenant, admin, hashlib.sha256(text.encode()).digest(), key.created_at),
        )
        return key, text

    def _revoke(self, id_or_name: str) -> list[Key]:
        rows = self._db.execute(
            "UPDATE keys SET revoked_at = ? WHERE (id = ? OR name = ?) AND revoked_at IS NULL "
            "RETURNING *",
            (time.time(), id_or_name, id_or_name),
        )
        revoked = [_key(row) for row in rows]
        if not revoked:
            raise UnknownKey(id_or_name)
        return revoked


def _key(row: tuple[Any, ...]) -> Key:
    key_id, name, tenant, admin, _hash, created_at, revoked_at = row
    return Key(key_id, name, tenant, bool(admin), created_at, revoked_at)
