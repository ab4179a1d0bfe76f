"""One-time sign-in links: a token that `hearth up` prints is exchanged once for a key."""

import hashlib
import secrets
from pathlib import Path

from serve.errors import NotFound
from serve.ledger.database import connect
from serve.ledger.keys import Key, Keys

LIFETIME = 600.0  # seconds


class Signins:
    """The tokens in `database`, of which only hashes are kept. Times in unix seconds."""

    def __init__(self, database: Path) -> None:
        self._db = connect(database)

    def create(self, now: float) -> str:
        """A new token, good for one exchange within `LIFETIME`."""
        token = secrets.token_urlsafe(24)
        self._db.execute(
            "INSERT INTO signins (hash, expires_at) VALUES (?, ?)", (_hash(token), now + LIFETIME)
        )
        return token

    def redeem(self, token: str, now: float, keys: Keys) -> tuple[Key, str]:
        """A new key named `browser-N` for the token's bearer. Raises `NotFound`.

        One statement decides, so of many that come at once exactly one gets a key.
        """
        used = self._db.execute(
            "UPDATE signins SET used_at = ? WHERE hash = ? AND used_at IS NULL AND expires_at > ? "
            "RETURNING rowid",
            (now, _hash(token), now),
        ).fetchall()
        if not used:
            raise NotFound(
                "This sign-in link was used already or is older than ten minutes. Sign in with "
                "a key: 'hearth keys create NAME' makes one.",
                param="token",
                code="signin_expired",
            )
        return keys.create(f"browser-{used[0][0]}")

    def close(self) -> None:
        self._db.close()


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
