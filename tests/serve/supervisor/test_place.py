import os
import stat
from pathlib import Path

import pytest

from serve.supervisor.place import LOG_BYTES, LOG_PARTS, Occupied, Place


def test_the_lock_names_its_holder_and_ends_with_it(tmp_path: Path) -> None:
    place = Place(tmp_path / "home")
    assert place.supervisor() is None
    with place.occupied():
        assert place.supervisor() == os.getpid()
    assert place.supervisor() is None


def test_a_place_is_occupied_once(tmp_path: Path) -> None:
    place = Place(tmp_path / "home")
    with place.occupied(), pytest.raises(Occupied) as refused, Place(place.data).occupied():
        pass
    assert refused.value.args == (os.getpid(),)


def test_two_places_do_not_disturb_each_other(tmp_path: Path) -> None:
    with Place(tmp_path / "one").occupied(), Place(tmp_path / "two").occupied():
        assert Place(tmp_path / "one").supervisor() == os.getpid()


def test_a_new_place_is_for_its_owner_only(tmp_path: Path) -> None:
    place = Place(tmp_path / "home")
    with place.occupied():
        assert stat.S_IMODE(place.data.stat().st_mode) == 0o700


def test_the_last_state_told_is_read(tmp_path: Path) -> None:
    place = Place(tmp_path)
    assert place.state().phase == "stopped"
    place.tell("ready", "Ready.", "http://127.0.0.1:1")
    state = place.state()
    assert (state.phase, state.detail, state.pid) == ("ready", "Ready.", os.getpid())
    assert state.url == "http://127.0.0.1:1"


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"phase": 1}', b"\xff\xfe"])
def test_a_damaged_state_reads_as_stopped(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "state.json").write_bytes(damage)
    assert Place(tmp_path).state().phase == "stopped"


def test_the_log_stays_bounded(tmp_path: Path) -> None:
    place = Place(tmp_path)
    log = place.logger()
    line = "x" * (LOG_BYTES // 5)
    for _ in range(5 * (LOG_PARTS + 4)):
        log.info(line)
    for handler in log.handlers:
        handler.close()
    sizes = [part.stat().st_size for part in place.log_file.parent.iterdir()]
    assert len(sizes) == LOG_PARTS + 1
    assert max(sizes) <= LOG_BYTES


def test_the_last_words_are_the_last_lines(tmp_path: Path) -> None:
    place = Place(tmp_path)
    assert place.last_words(3) == ""
    log = place.logger()
    for number in range(10):
        log.info("line %d", number)
    log.handlers[0].close()
    assert [line[-6:] for line in place.last_words(2).splitlines()] == ["line 8", "line 9"]
