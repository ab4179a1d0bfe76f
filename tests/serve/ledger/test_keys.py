"""The key ring: shown once, hashed, and revoked for everybody at once."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serve.errors import InvalidKey
from serve.ledger.groups import GroupRefused
from serve.ledger.keys import Keys, UnknownKey
from serve.ledger.rights import ADMIN, Rights
from serve.sections.quotas import Limits


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path / "data" / "hearth.db")


def test_a_new_key_opens(keys: Keys) -> None:
    key, text = keys.create("anna")
    assert keys.authenticate(text) == key


def test_the_text_of_a_key_is_nowhere_on_disk(keys: Keys, tmp_path: Path) -> None:
    _, text = keys.create("anna")
    secret = text.split("-", 2)[2].encode()
    assert not any(secret in f.read_bytes() for f in (tmp_path / "data").iterdir())


def test_the_files_are_private(keys: Keys, tmp_path: Path) -> None:
    keys.create("anna")
    folder = tmp_path / "data"
    assert folder.stat().st_mode & 0o077 == 0
    assert all(f.stat().st_mode & 0o077 == 0 for f in folder.iterdir())


@pytest.mark.parametrize("text", ["", "hearth", "hearth--", "'; DROP TABLE keys; --", "\x00", "é"])
def test_what_is_no_key_is_refused(keys: Keys, text: str) -> None:
    keys.create("anna")
    with pytest.raises(InvalidKey):
        keys.authenticate(text)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_no_altered_key_opens(keys: Keys, data: st.DataObject) -> None:
    _, text = keys.create("anna")
    position = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters().filter(lambda c: c != text[position]))
    with pytest.raises(InvalidKey):
        keys.authenticate(text[:position] + other + text[position + 1 :])


def test_a_revocation_by_another_process_holds_at_the_next_request(
    keys: Keys, tmp_path: Path
) -> None:
    key, text = keys.create("anna")
    keys.authenticate(text)
    Keys(tmp_path / "data" / "hearth.db").revoke(key.id)
    with pytest.raises(InvalidKey):
        keys.authenticate(text)


def test_a_key_made_by_another_process_opens_at_the_next_request(
    keys: Keys, tmp_path: Path
) -> None:
    keys.create("anna")
    _, text = Keys(tmp_path / "data" / "hearth.db").create("ben")
    assert keys.authenticate(text).name == "ben"


def test_revoking_a_name_revokes_all_its_keys(keys: Keys) -> None:
    texts = [keys.create("anna")[1] for _ in range(2)]
    assert len(keys.revoke("anna")) == 2
    for text in texts:
        with pytest.raises(InvalidKey):
            keys.authenticate(text)


def test_revoking_nobody_says_so(keys: Keys) -> None:
    with pytest.raises(UnknownKey):
        keys.revoke("nobody")


def test_a_rotated_key_keeps_tenant_and_rights_and_the_old_text_closes(keys: Keys) -> None:
    old, old_text = keys.create("anna", ADMIN)
    new, new_text = keys.rotate(old.id)
    assert (new.tenant, new.name, new.admin) == (old.tenant, "anna", True)
    assert keys.authenticate(new_text) == new
    with pytest.raises(InvalidKey):
        keys.authenticate(old_text)


def test_all_tells_of_revoked_keys_too(keys: Keys) -> None:
    keys.create("anna")
    keys.revoke("anna")
    keys.create("ben")
    assert [(k.name, k.active) for k in keys.all()] == [("anna", False), ("ben", True)]


def test_a_key_can_be_made_for_whom_there_is_already(keys: Keys) -> None:
    first = keys.create("one")[0]
    second, text = keys.create("two", tenant=first.tenant)
    assert second.tenant == first.tenant != keys.create("three")[0].tenant
    assert keys.authenticate(text) == second


def test_what_a_key_may_do_is_kept_with_it(keys: Keys) -> None:
    rights = Rights(
        scopes=["chat"], models=["m"], collections=["c"], cache="exact", filters="strict"
    )
    _, text = keys.create("bot", rights)
    assert keys.authenticate(text).rights == rights


def test_a_key_that_has_expired_is_refused_like_one_that_never_was(tmp_path: Path) -> None:
    now = [100.0]
    ring = Keys(tmp_path / "hearth.db", clock=lambda: now[0])
    key, text = ring.create("bot", Rights(expires_at=200.0))
    assert ring.authenticate(text) == key
    now[0] = 200.0
    with pytest.raises(InvalidKey) as expired:
        ring.authenticate(text)
    with pytest.raises(InvalidKey) as unknown:
        ring.authenticate("hearth-x-y")
    assert str(expired.value) == str(unknown.value)
    assert ring.all()[0].state(200.0) == "expired"
    ring.close()


def test_a_rotation_may_leave_the_old_text_open_for_a_while(tmp_path: Path) -> None:
    now = [100.0]
    ring = Keys(tmp_path / "hearth.db", clock=lambda: now[0])
    old, old_text = ring.create("bot", Rights(limits=Limits(requests=5)))
    new, new_text = ring.rotate("bot", overlap=60)
    assert (new.account, new.rights) == (old.account, old.rights)
    now[0] = 159
    assert ring.authenticate(old_text).account == ring.authenticate(new_text).account
    now[0] = 160
    with pytest.raises(InvalidKey):
        ring.authenticate(old_text)
    assert ring.authenticate(new_text) == new
    ring.close()


def test_an_overlap_never_makes_a_key_live_longer(tmp_path: Path) -> None:
    ring = Keys(tmp_path / "hearth.db", clock=lambda: 100.0)
    ring.create("bot", Rights(expires_at=110))
    ring.rotate("bot", overlap=60)
    assert [key.rights.expires_at for key in ring.all()] == [110, 110]
    ring.close()


def test_changed_rights_hold_at_the_next_request_of_every_process(
    keys: Keys, tmp_path: Path
) -> None:
    _, text = keys.create("anna")
    assert keys.authenticate(text).rights.allow(["ingest"])
    other = Keys(tmp_path / "data" / "hearth.db")
    other.change("anna", {"scopes": ["chat"], "limits": {"requests": 3}})
    rights = keys.authenticate(text).rights
    assert (rights.scopes, rights.limits) == (["chat"], Limits(requests=3))
    assert not rights.allow(["ingest"])
    other.close()


def test_admin_stands_for_every_scope() -> None:
    assert Rights(scopes=["admin"]).allow(["ingest"])
    assert not ADMIN.model_copy(update={"scopes": ["chat"]}).allow(["admin"])


def test_everything_that_is_done_is_written_down_without_a_secret(
    keys: Keys, tmp_path: Path
) -> None:
    texts = [keys.create("anna", by="local:root")[1], keys.rotate("anna", 5, by="key-1")[1]]
    keys.change("anna", {"cache": "off"})
    keys.revoke("anna", by="key-2")
    acts = keys.acts(10)
    assert [(act.act, act.actor) for act in reversed(acts)] == [
        ("key.create", "local:root"),
        ("key.rotate", "key-1"),
        *[("key.change", "local")] * 2,
        *[("key.revoke", "key-2")] * 2,
    ]
    assert keys.acts(1, before=acts[0].number) == [acts[1]]
    for text in texts:
        assert text.split("-", 2)[2] not in repr(acts)


def test_what_is_refused_leaves_no_trace(keys: Keys) -> None:
    with pytest.raises(GroupRefused):
        keys.create("bot", Rights(parent="nobody"))
    with pytest.raises(UnknownKey):
        keys.rotate("nobody")
    assert (keys.all(), keys.acts(10)) == ([], [])
