"""Keys that a command makes for itself, and that are gone when it ends."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from serve.cli.options import fail

if TYPE_CHECKING:
    from serve.config import Settings


@contextmanager
def own_key(
    settings: "Settings", name: str, admin: bool = False, lifetime: float | None = None
) -> Iterator[str]:
    """A key of the appliance of this data directory; revoked in the end, and of no use after
    `lifetime` seconds, however the command ends.

    An admin's has the tenant of the first admin key: what it makes belongs to the owner.
    """
    from serve.ledger.keys import Keys
    from serve.ledger.rights import ADMIN, Rights

    if not settings.database.exists():
        raise fail("There is no appliance in this data directory: 'hearth up', or --url and --key.")
    keys = Keys(settings.database)
    owners = [key.tenant for key in keys.all() if key.admin] if admin else []
    ends = None if lifetime is None else time.time() + lifetime
    rights = (ADMIN if admin else Rights()).model_copy(update={"expires_at": ends})
    made, text = keys.create(name, rights, owners[0] if owners else None)
    try:
        yield text
    finally:
        keys.revoke(made.id)
        keys.close()
