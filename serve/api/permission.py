"""What a key may do, checked: what it may not is a 403 that names what it would need."""

from collections.abc import Sequence

from serve.errors import NotAllowed
from serve.ledger.rights import Rights, Scope


def check_scope(rights: Rights, needed: Sequence[Scope]) -> None:
    """Raises `NotAllowed` where `rights` have none of the scopes `needed`."""
    if not rights.allow(needed):
        has = ", ".join(rights.scopes)
        text = f"This needs a key with the scope {' or '.join(needed)}; this key has {has}."
        raise NotAllowed(text, code="insufficient_scope")
