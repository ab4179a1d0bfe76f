"""Whose limits a key's requests count for."""

from collections.abc import Iterable

from serve.ledger.groups import Group
from serve.ledger.keys import Key
from serve.policy.limits import Payer
from serve.sections.quotas import Limits


def payers(key: Key, groups: Iterable[Group], default: Limits) -> tuple[Payer, ...]:
    """Its own, or the `default`, and those of its `groups`; where there are any."""
    own = key.rights.limits or default
    every = [Payer(f"key:{key.account}", f"the key {key.name!a}", own)]
    for group in groups:
        whose = f"the {group.kind} {group.name!r}"
        every.append(Payer(f"group:{group.name}", whose, group.limits))
    return tuple(payer for payer in every if payer.limits.are_set)
