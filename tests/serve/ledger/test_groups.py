"""Teams, people and programs that keys count for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from serve.ledger.groups import DEEPEST, Group, GroupRefused
from serve.ledger.keys import Keys
from serve.ledger.rights import Rights
from serve.sections.quotas import Budget, Limits


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[Keys]:
    ring = Keys(tmp_path / "hearth.db")
    yield ring
    ring.close()


def group(name: str, parent: str | None = None, **limits: int) -> Group:
    return Group(name=name, parent=parent, limits=Limits.model_validate(limits), created_at=1.0)


def test_a_key_counts_for_its_parent_and_for_all_above_it(keys: Keys) -> None:
    keys.groups.put(group("team", requests=10))
    keys.groups.put(group("anna", "team", tokens=5))
    _, text = keys.create("bot", Rights(parent="anna"))
    assert [each.name for each in keys.groups_of(keys.authenticate(text))] == ["anna", "team"]


def test_changed_limits_hold_at_the_next_request_of_every_process(
    keys: Keys, tmp_path: Path
) -> None:
    keys.groups.put(group("team", requests=10))
    _, text = keys.create("bot", Rights(parent="team"))
    keys.authenticate(text)
    other = Keys(tmp_path / "hearth.db")
    changed = Limits(requests=3, day=Budget(money=2.5))
    other.groups.put(Group(name="team", limits=changed, created_at=1.0))
    other.close()
    (found,) = keys.groups_of(keys.authenticate(text))
    assert found.limits == changed


@pytest.mark.parametrize("parent", ["a", "c", "nobody"])
def test_a_group_above_itself_or_under_nothing_is_refused(keys: Keys, parent: str) -> None:
    keys.groups.put(group("a"))
    keys.groups.put(group("b", "a"))
    keys.groups.put(group("c", "b"))
    with pytest.raises(GroupRefused):
        keys.groups.put(group("a", parent))
    assert keys.groups.all()["a"].parent is None


def test_groups_have_a_greatest_depth(keys: Keys) -> None:
    for depth in range(DEEPEST):
        keys.groups.put(group(f"g{depth}", f"g{depth - 1}" if depth else None))
    with pytest.raises(GroupRefused, match="deep"):
        keys.groups.put(group("last", f"g{DEEPEST - 1}"))


def test_a_group_stays_while_something_counts_for_it(keys: Keys) -> None:
    keys.groups.put(group("team"))
    keys.groups.put(group("anna", "team"))
    keys.create("bot", Rights(parent="anna"))
    for name in ("team", "anna", "nobody"):
        with pytest.raises(GroupRefused):
            keys.groups.remove(name)
    keys.revoke("bot")
    keys.groups.remove("anna")
    keys.groups.remove("team")
    assert keys.groups.all() == {}
