from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from serve.errors import NotFound
from serve.ledger.keys import Keys
from serve.ledger.signins import LIFETIME, Signins


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[Keys]:
    ring = Keys(tmp_path / "hearth.db")
    yield ring
    ring.close()


@pytest.fixture
def signins(tmp_path: Path) -> Iterator[Signins]:
    opened = Signins(tmp_path / "hearth.db")
    yield opened
    opened.close()


def test_a_token_is_exchanged_for_a_key_that_works(signins: Signins, keys: Keys) -> None:
    key, text = signins.redeem(signins.create(now=0), now=1, keys=keys)
    assert keys.authenticate(text) == key
    assert key.name == "browser-1"
    assert not key.admin


def test_a_token_works_once(signins: Signins, keys: Keys) -> None:
    token = signins.create(now=0)
    signins.redeem(token, now=1, keys=keys)
    with pytest.raises(NotFound) as refused:
        signins.redeem(token, now=2, keys=keys)
    assert refused.value.code == "signin_expired"
    assert len(keys.all()) == 1


def test_a_token_expires(signins: Signins, keys: Keys) -> None:
    token = signins.create(now=0)
    with pytest.raises(NotFound):
        signins.redeem(token, now=LIFETIME, keys=keys)
    assert signins.redeem(token, now=LIFETIME - 1, keys=keys)


@pytest.mark.parametrize("token", ["", "nothing", "\ud800", "x" * 10_000, "' OR 1=1 --"])
def test_an_unknown_token_is_refused(signins: Signins, keys: Keys, token: str) -> None:
    signins.create(now=0)
    with pytest.raises(NotFound):
        signins.redeem(token, now=1, keys=keys)


def test_every_browser_gets_a_name_of_its_own(signins: Signins, keys: Keys) -> None:
    tokens = [signins.create(now=0) for _ in range(3)]
    names = {signins.redeem(token, now=1, keys=keys)[0].name for token in tokens}
    assert len(names) == 3


def test_of_many_that_come_at_once_exactly_one_gets_a_key(tmp_path: Path, signins: Signins) -> None:
    token = signins.create(now=0)

    def redeem(_: int) -> bool:
        ring, opened = Keys(tmp_path / "hearth.db"), Signins(tmp_path / "hearth.db")
        try:
            return bool(opened.redeem(token, now=1, keys=ring))
        except NotFound:
            return False
        finally:
            opened.close()
            ring.close()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(redeem, range(8))) == 1


def test_the_token_itself_is_not_kept(tmp_path: Path, signins: Signins) -> None:
    token = signins.create(now=0)
    signins.close()
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert token.encode() not in kept
