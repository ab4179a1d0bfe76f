"""The file of receipts: whole batches, what goes first, and what becomes of a damaged one."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from serve.receipts.receipt_file import HOUR, ReceiptFile, found, known
from tests.serve.receipts.receipts_made import AT, row


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "receipts.db"


@pytest.fixture
def file(path: Path) -> Iterator[ReceiptFile]:
    made = ReceiptFile(path)
    yield made
    made.close()


def ids(path: Path) -> list[str]:
    with closing(known(path)) as db:
        return [id_ for (id_,) in db.execute("SELECT id FROM receipts ORDER BY id")]


def used(path: Path) -> int:
    """Requests that are counted."""
    with closing(known(path)) as db:
        return int(db.execute("SELECT total(requests) FROM usage").get)


def test_a_batch_is_kept_with_what_it_adds_to_the_usage_or_not_at_all(
    file: ReceiptFile, path: Path
) -> None:
    file.add([row(1), row(2)])
    with pytest.raises(apsw.ConstraintError):
        file.add([row(3), row(2)])
    assert (ids(path), used(path)) == ([row(1).id, row(2).id], 2)


def test_two_gateways_write_to_the_same_file(file: ReceiptFile, path: Path) -> None:
    with closing(ReceiptFile(path)) as other:
        file.add([row(1)])
        other.add([row(2)])
        assert file.is_current
    assert used(path) == 2


def test_what_is_too_old_goes_with_its_usage(file: ReceiptFile, path: Path) -> None:
    file.add([row(n, AT + HOUR * n) for n in range(4)])
    assert file.tidy(AT + HOUR * 2, 1 << 30) == 2
    assert (ids(path), used(path)) == ([row(n, AT + HOUR * n).id for n in (2, 3)], 2)


def test_beyond_its_size_the_oldest_go_and_their_usage_stays(file: ReceiptFile, path: Path) -> None:
    for batch in range(4):
        file.add([row(batch * 1500 + n, AT + batch) for n in range(1500)])
    before = file.size
    assert file.tidy(0.0, before - 1) == 2000
    assert file.size < before
    assert (min(ids(path)), used(path)) == (row(2000, AT + 1).id, 6000)


def test_texts_go_before_their_receipts_and_never_outlive_them(
    file: ReceiptFile, path: Path
) -> None:
    old, new = (row(n, AT + HOUR * n)._replace(texts=b'{"asked":["why"]}') for n in range(2))
    file.add([old, new])
    file.tidy(0.0, 1 << 30, AT + HOUR)
    with closing(known(path)) as db:
        whole = [found(db, one.id) or {} for one in (old, new)]
        assert [one.get("asked") for one in whole] == [None, ["why"]]
        file.tidy(0.0, 1)
        assert found(db, new.id) is None
        assert db.execute("SELECT count(*) FROM texts").get == 0


def test_a_damaged_file_is_set_aside_once_whoever_notices_first(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.write_bytes(b"this is no database" * 500)
    with closing(ReceiptFile(path)) as file, closing(ReceiptFile(path)) as other:
        file.add([row(1)])
        file.set_aside("it is damaged")
        assert not other.is_current
        with closing(ReceiptFile(path)) as new:
            new.add([row(2)])
            other.set_aside("it is damaged")
            assert ids(path) == [row(2).id]
    assert "set aside" in caplog.text
