"""Receipts of a span of time, evenly fewer where they are too many."""

from contextlib import closing
from itertools import pairwise
from pathlib import Path

from serve.receipts.receipt_file import ReceiptFile, known
from serve.receipts.window import window
from tests.serve.receipts.receipts_made import AT, row


def test_a_window_has_answers_that_were_asked_for_in_it(tmp_path: Path) -> None:
    with closing(ReceiptFile(tmp_path / "receipts.db")) as file:
        looks = [row(99, AT + 3, path="/admin/live"), row(98, AT + 3, path="/v1/models")]
        file.add([*(row(n, AT + n) for n in range(10)), *looks])
        with closing(known(tmp_path / "receipts.db")) as db:
            rows, every = window(db, AT + 2, AT + 5)
    assert ([found.at for found in rows], every) == ([AT + 2, AT + 3, AT + 4], 1)


def test_of_too_many_an_even_share_is_read(tmp_path: Path) -> None:
    with closing(ReceiptFile(tmp_path / "receipts.db")) as file:
        file.add([row(n, AT + n) for n in range(1000)])
        with closing(known(tmp_path / "receipts.db")) as db:
            rows, every = window(db, AT, AT + 1000, most=100)
            nothing = window(db, AT - 10, AT)
    assert (every, len(rows)) == (10, 100)
    assert {after.at - before.at for before, after in pairwise(rows)} == {10}
    assert nothing == ([], 1)
