"""What a key may do, checked: what it may not is a 403 that names what it would need."""

from collections.abc import Sequence

from serve.api.call import Call
from serve.errors import InvalidKey, NotAllowed
from serve.ledger.payers import payers
from serve.ledger.rights import Rights, Scope
from serve.policy.limits import Payer


def check_scope(rights: Rights, needed: Sequence[Scope]) -> None:
    """Raises `NotAllowed` where `rights` have none of the scopes `needed`."""
    if not rights.allow(needed):
        has = ", ".join(rights.scopes)
        text = f"This needs a key with the scope {' or '.join(needed)}; this key has {has}."
        raise NotAllowed(text, code="insufficient_scope")


def payers_of(call: Call) -> tuple[Payer, ...]:
    """Whose limits a request counts for: the key's, its parent's and upwards; where there are any.

    Raises `InvalidKey` where there is no key.
    """
    if (key := call.key) is None:
        raise InvalidKey
    default = call.house.settings.quotas.keys
    return payers(key, call.house.keys.groups_of(key), default)
