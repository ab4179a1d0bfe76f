"""The key ring: shown once, hashed, and revoked for everybody at once."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serve.errors import InvalidKey
from serve.ledger.keys import Keys, UnknownKey


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
    old, old_text = keys.create("anna", admin=True)
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
