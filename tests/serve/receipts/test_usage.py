"""Usage adds up to the receipts to the token, and what the machine took is told apart."""

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from models.engine import Usage as Tokens
from serve.receipt import Attempt
from serve.receipts.power import Power, note
from serve.receipts.receipt_file import HOUR, ReceiptFile, known
from serve.receipts.usage import Span, usage
from serve.sections.receipts import CostSettings
from tests.serve.receipts.receipts_made import AT, row

FREE = CostSettings()


@pytest.fixture
def file(tmp_path: Path) -> Iterator[ReceiptFile]:
    with closing(ReceiptFile(tmp_path / "receipts.db")) as made:
        yield made


@pytest.fixture
def db(file: ReceiptFile, tmp_path: Path) -> Iterator[apsw.Connection]:
    with closing(known(tmp_path / "receipts.db", write=True)) as made:
        yield made


def test_it_adds_up_to_the_receipts_to_the_token(file: ReceiptFile, db: apsw.Connection) -> None:
    draw = random.Random(1)
    keys, truth = ["anna", "bert"], Counter[str]()
    for number in range(500):
        key, tokens = draw.choice(keys), Tokens(draw.randrange(99), draw.randrange(99))
        file.add([row(number, AT + draw.randrange(9 * HOUR), key_id=key, usage=tokens)])
        truth[key] += tokens.total_tokens
    found = usage(db, "key", Span(), ["small"], FREE)
    assert {each.name: each.amount.input + each.amount.output for each in found.rows} == truth
    assert found.total.requests == 500
    assert found.total.money == pytest.approx(125.0)
    assert found.machine is None


def test_what_is_given_again_costs_nothing_and_is_told_apart(
    file: ReceiptFile, db: apsw.Connection
) -> None:
    again = {"cache": "hit", "attempts": [], "cost": 0.0, "energy": 0.0}
    file.add([row(1), row(2, **again)])
    total = usage(db, "model", Span(), ["small"], FREE).total
    assert (total.requests, total.again) == (2, 1)
    assert (total.input, total.cached, total.output, total.saved) == (10, 4, 5, 15)
    assert total.money == 0.25


def test_what_was_refused_is_no_failure(file: ReceiptFile, db: apsw.Connection) -> None:
    late = [Attempt("small", 9.0, "QueueDeadline")]
    file.add([
        row(1),
        row(2, status=429, error="rate_limit_exceeded"),
        row(3, status=503, error="deadline_exceeded", attempts=late),
        row(4, status=499, error="client_gone"),
        row(5, status=502, error="engine_interrupted"),
        row(6, error="engine_interrupted"),
    ])  # fmt: skip
    total = usage(db, "key", Span(), ["small"], FREE).total
    assert (total.requests, total.refused, total.failed) == (6, 2, 2)


def test_days_are_those_of_utc_and_since_begins_with_its_hour(
    file: ReceiptFile, db: apsw.Connection
) -> None:
    file.add([row(n, AT + n * 12 * HOUR) for n in range(4)])
    found = usage(db, "day", Span(AT + HOUR * 12 + 1800), ["small"], FREE)
    assert [(each.name, each.amount.requests) for each in found.rows] == [
        ("2027-01-15", 1),
        ("2027-01-16", 2),
    ]
    assert found.since == AT + 12 * HOUR


def test_the_busy_machine_is_shared_by_time_at_its_engines_and_idling_stays_apart(
    file: ReceiptFile, db: apsw.Connection
) -> None:
    file.add([row(1), row(2, key_id="bert"), row(3, key_id="bert"), row(4, tier="elsewhere")])
    note(db, int(AT // HOUR), Power(1800.0, 600.0, 300.0, 120.0))
    note(db, int(AT // HOUR), Power(1800.0, 600.0, 300.0, 120.0))
    costs = CostSettings(kwh=0.5, hardware=300, hours=100)
    found = usage(db, "key", Span(AT), ["small"], costs)
    assert found.machine is not None
    assert (found.machine.seconds, found.machine.busy) == (3600, 1200)
    assert found.machine.money == pytest.approx(0.3 + 3.0)
    assert found.machine.idle_money == pytest.approx(0.12 + 2.0)
    anna, bert = found.rows
    assert anna.machine_money == pytest.approx((3.3 - 2.12) / 3)
    assert bert.machine_energy == pytest.approx((600 - 240) * 2 / 3)


def test_until_ends_with_its_hour(file: ReceiptFile, db: apsw.Connection) -> None:
    file.add([row(n, AT + n * HOUR) for n in range(4)])
    for hour in range(4):
        note(db, int(AT // HOUR) + hour, Power(60.0, 60.0, 1.0, 0.0))
    found = usage(db, "day", Span(AT + HOUR, AT + 2 * HOUR + 1), ["small"], FREE)
    assert found.total.requests == 2
    assert found.machine is not None
    assert found.machine.seconds == 120
    assert usage(db, "day", Span(AT, AT + HOUR), ["small"], FREE).total.requests == 1
