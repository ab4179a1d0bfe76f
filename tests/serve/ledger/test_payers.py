"""Whose limits a key's requests count for."""

from serve.ledger.groups import Group
from serve.ledger.keys import Key
from serve.ledger.payers import payers
from serve.ledger.rights import Rights
from serve.sections.quotas import Limits

ONE, TWO, NONE = Limits(requests=1), Limits(requests=2), Limits()
TEAM = Group(name="research", limits=TWO, created_at=0.0)
FREE = Group(name="free", created_at=0.0)


def key(limits: Limits | None = None) -> Key:
    return Key("id", "anna", "tenant", "account", 0.0, None, Rights(limits=limits))


def test_its_own_limits_stand_before_the_default() -> None:
    assert [payer.limits for payer in payers(key(TWO), [], ONE)] == [TWO]
    (default,) = payers(key(), [], ONE)
    assert (default.account, default.whose, default.limits) == (
        "key:account",
        "the key 'anna'",
        ONE,
    )


def test_groups_pay_too_where_they_have_limits() -> None:
    found = payers(key(ONE), [TEAM, FREE], NONE)
    assert [payer.account for payer in found] == ["key:account", "group:research"]
    assert found[1].whose == "the team 'research'"


def test_without_limits_nobody_pays() -> None:
    assert payers(key(), [FREE], NONE) == ()
