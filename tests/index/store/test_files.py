"""Originals are kept byte for byte, once for all who have the same, and gone with the last."""

import io
from pathlib import Path

import pytest

from index.errors import InvalidQuery, Unknown
from index.store.records import PageQuery
from index.store.store import Store
from tests.index.store.library import ME, OTHER, add, create, digest


def kept(store_folder: Path) -> list[str]:
    return sorted(path.name for path in (store_folder / "files").rglob("*") if path.is_file())


def test_bytes_come_back_as_they_went_in(store: Store) -> None:
    data = bytes(range(256)) * 9000
    file = store.files.add(ME, "Bericht 2024.pdf", io.BytesIO(data), "assistants")
    assert store.files.original(ME, file.id).read_bytes() == data
    assert (file.bytes, file.name, file.purpose) == (len(data), "Bericht 2024.pdf", "assistants")
    assert store.files.get(ME, file.id) == file


def test_the_same_bytes_are_kept_until_nobody_has_them(store: Store, tmp_path: Path) -> None:
    mine = store.files.add(ME, "a", io.BytesIO(b"same"))
    theirs = store.files.add(OTHER, "b", io.BytesIO(b"same"))
    store.files.delete(ME, mine.id)
    assert store.files.original(OTHER, theirs.id).read_bytes() == b"same"
    store.files.delete(OTHER, theirs.id)
    assert kept(tmp_path / "library") == []
    with pytest.raises(Unknown):
        store.files.get(OTHER, theirs.id)


def test_only_own_files_that_nothing_was_made_from_go_as_unused(store: Store) -> None:
    used = add(store, create(store).id, "used.md", ["The fox."]).file
    mine = store.files.add(ME, "a", io.BytesIO(b"a")).id
    theirs = store.files.add(OTHER, "b", io.BytesIO(b"b")).id
    store.files.delete_unused(ME, [used, mine, theirs, "file-none"])
    assert [file.id for file in store.files.page(ME, PageQuery()).items] == [used]
    assert [file.id for file in store.files.page(OTHER, PageQuery()).items] == [theirs]


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "C:\\x", "..", "a" * 300, ".ssh"])
def test_a_name_never_leads_anywhere(store: Store, tmp_path: Path, name: str) -> None:
    file = store.files.add(ME, name, io.BytesIO(b"x"))
    assert file.name == name
    assert kept(tmp_path / "library") == [digest("x")]


@pytest.mark.parametrize("name", ["", "a\0b", "a\nb", "\ud800", "x" * 2000, "a\u202eb"])
def test_a_name_that_cannot_be_shown_is_refused(store: Store, tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidQuery):
        store.files.add(ME, name, io.BytesIO(b"x"))
    assert kept(tmp_path / "library") == []


class Broken(io.BytesIO):
    def read(self, size: int | None = -1) -> bytes:
        if self.tell():
            raise ConnectionResetError("the client is gone")
        return super().read(10)


def test_an_upload_that_breaks_off_leaves_nothing(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ConnectionResetError):
        store.files.add(ME, "a", Broken(b"x" * 100))
    assert kept(tmp_path / "library") == []
    assert store.files.page(ME, PageQuery()).items == ()


def test_what_a_dead_process_left_is_cleared_at_the_next_start(tmp_path: Path) -> None:
    store = Store(tmp_path / "library")
    file = store.files.add(ME, "a", io.BytesIO(b"x"))
    store.close()
    folder = tmp_path / "library" / "files"
    (folder / "0123.part").write_bytes(b"half")
    (folder / "ab").mkdir()
    (folder / "ab" / ("ab" * 32)).write_bytes(b"its row was never written")
    store = Store(tmp_path / "library")
    assert kept(tmp_path / "library") == [digest("x")]
    assert store.files.original(ME, file.id).read_bytes() == b"x"
    store.close()


def test_lists_are_paged_forwards_and_backwards(store: Store) -> None:
    made = [store.files.add(ME, f"{n}", io.BytesIO(b"x")).id for n in range(5)]

    def page(*query: object) -> tuple[list[str], bool]:
        found = store.files.page(ME, PageQuery(*query))  # type: ignore[arg-type]
        return [item.id for item in found.items], found.has_more

    assert page(2, "asc") == (made[:2], True)
    assert page(2, "desc") == ([made[4], made[3]], True)
    assert page(2, "asc", made[1]) == (made[2:4], True)
    assert page(2, "desc", made[1]) == ([made[0]], False)
    assert page(2, "asc", None, made[3]) == (made[1:3], True)
    assert page(2, "desc", None, made[1]) == ([made[3], made[2]], True)
    assert page(10, "asc", made[0], made[3]) == (made[1:3], False)
    for bad in ((2, "asc", "file-none"), (0, "asc"), (101, "asc"), (2, "up")):
        with pytest.raises(InvalidQuery):
            page(*bad)
