"""Pages of receipts: what is asked for, in order, and never more looked at than is bounded."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import pytest

from serve.receipt import Attempt
from serve.receipts.listing import PATIENCE, STEP, Wanted, page
from serve.receipts.receipt_file import ReceiptFile, known
from tests.serve.receipts.receipts_made import AT, row

REFUSED = {"status": 429, "error": "overloaded", "attempts": [Attempt("small", 1.0, "Overloaded")]}
BROKEN = {
    "status": 502,
    "error": "engine_interrupted",
    "attempts": [
        Attempt("small", 9.0),
        Attempt("large", 9.0, "EngineInterrupted", cause="BrokenPipe"),
    ],
}
CUT = {"error": "engine_interrupted", "tier": "large", "total_ms": 9000.0}


@pytest.fixture
def file(tmp_path: Path) -> Iterator[ReceiptFile]:
    with closing(ReceiptFile(tmp_path / "receipts.db")) as made:
        yield made


@pytest.fixture
def db(file: ReceiptFile, tmp_path: Path) -> Iterator[apsw.Connection]:
    with closing(known(tmp_path / "receipts.db")) as made:
        yield made


def numbers(db: apsw.Connection, **wanted: Any) -> list[int]:
    """Which of the receipts, by the end of their ids."""
    return [int(found.id[-6:], 16) for found in page(db, Wanted(**wanted)).rows]


def add(file: ReceiptFile, *each: dict[str, Any]) -> None:
    """A receipt a second."""
    file.add([row(number, AT + number, **more) for number, more in enumerate(each)])


def test_the_newest_come_first_a_page_at_a_time(file: ReceiptFile, db: apsw.Connection) -> None:
    add(file, *[{}] * 7)
    first = page(db, Wanted(limit=3))
    assert [found.at for found in first.rows] == [AT + 6, AT + 5, AT + 4]
    assert (first.complete, first.next) == (True, first.rows[-1].id)
    assert numbers(db, limit=3, after=first.next) == [3, 2, 1]
    last = page(db, Wanted(limit=3, after=page(db, Wanted(limit=6)).next))
    assert (len(last.rows), last.next, last.complete) == (1, None, True)


def test_a_receipt_is_told_in_short(file: ReceiptFile, db: apsw.Connection) -> None:
    add(file, {"queue_ms": 12.0, "ttft_ms": 210.0, "total_ms": 1840.0})
    (found,) = page(db, Wanted()).rows
    assert (found.key, found.tenant, found.model, found.tier) == ("anna", "house", "echo", "small")
    assert (found.route, found.status, found.cache) == ("/v1/chat/completions", 200, "miss")
    assert (found.queue, found.ttft, found.total) == (12.0, 210.0, 1840.0)
    assert (found.input, found.cached, found.output) == (10, 4, 5)
    assert (found.cost, found.energy, found.cause) == (0.25, 0.5, None)


def test_each_question_leaves_only_what_fits(file: ReceiptFile, db: apsw.Connection) -> None:
    add(file, {}, REFUSED, BROKEN, CUT, {"key_id": "bert", "model": "sage", "cache": "hit"})
    assert numbers(db, outcome="ok") == [4, 0]
    assert numbers(db, outcome="refused") == [1]
    assert numbers(db, outcome="failed") == [3, 2]
    assert numbers(db, outcome="left") == []
    assert numbers(db, cause="Overloaded") == [1]
    assert numbers(db, cause="BrokenPipe") == [2]
    assert numbers(db, cause="engine_interrupted") == [3]
    assert numbers(db, keys=("bert", "carl")) == [4]
    assert numbers(db, keys=()) == []
    assert numbers(db, model="sage") == numbers(db, cache="hit") == [4]
    assert numbers(db, tier="large", tenant="house") == [3]
    assert numbers(db, routes=("/v1/embeddings",)) == []
    assert numbers(db, since=AT + 1, until=AT + 3) == [2, 1]
    assert numbers(db, text="00000003") == [3]
    assert numbers(db, text="'") == []


def test_the_slowest_of_all_come_first(file: ReceiptFile, db: apsw.Connection) -> None:
    add(file, {"total_ms": 5.0}, CUT, {"total_ms": None}, {"total_ms": 70.0})
    assert numbers(db, slowest=True) == [1, 3, 0, 2]
    two = page(db, Wanted(slowest=True, limit=2))
    assert ([found.total for found in two.rows], two.next) == ([9000.0, 70.0], None)


def test_a_long_search_stops_and_goes_on_from_there(file: ReceiptFile, db: apsw.Connection) -> None:
    count = 2 * STEP
    file.add([row(n, AT + n, **({"model": "sage"} if n == 7 else {})) for n in range(count)])
    stopped = page(db, Wanted(model="sage"), look=STEP)
    assert (stopped.rows, stopped.complete, stopped.looked) == ([], False, STEP)
    went_on = page(db, Wanted(model="sage", after=stopped.next), look=count)
    assert [found.at for found in went_on.rows] == [AT + 7]
    assert (went_on.complete, went_on.next) == (True, None)
    assert not page(db, Wanted(slowest=True), look=STEP).complete


def test_a_search_that_takes_long_stops_where_it_is(file: ReceiptFile, db: apsw.Connection) -> None:
    file.add([row(n, AT + n) for n in range(2 * STEP)])
    times = iter((0.0, PATIENCE / 2, PATIENCE * 2))
    found = page(db, Wanted(model="sage"), clock=lambda: next(times))
    assert (found.complete, found.looked) == (False, STEP)
