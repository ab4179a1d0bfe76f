"""What people think of answers, by model, day and collection."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import pytest

from serve.receipts.feedback import Opinion, Rating, comments, put, summary
from serve.receipts.receipt_file import ReceiptFile, known
from serve.receipts.receipt_line import told
from tests.serve.receipts.receipts_made import AT, SOURCE, receipt

DAY = 86_400


@pytest.fixture
def db(tmp_path: Path) -> Iterator[apsw.Connection]:
    path = tmp_path / "receipts.db"
    with closing(ReceiptFile(path)), closing(known(path, write=True)) as made:
        yield made


def say(db: apsw.Connection, rating: Rating, comment: str = "", **more: Any) -> bool:
    """As anna, or as `account`, about a receipt with what else is said."""
    account = more.pop("account", "anna")
    about = receipt(**more)
    return put(db, Opinion(about.id, account, rating, comment, about.started_at), told(about))


def test_the_same_caller_has_one_opinion_of_an_answer(db: apsw.Connection) -> None:
    assert say(db, "up")
    assert not say(db, "up")
    assert say(db, "down")
    assert say(db, "up", account="bert")
    (one,) = summary(db, "model", 0.0)
    assert one == {"model": "echo", "day": "2027-01-15", "up": 1, "down": 1, "comments": 0}


def test_days_and_models_are_told_apart(db: apsw.Connection) -> None:
    say(db, "up", number=1)
    say(db, "down", number=2, at=AT + DAY)
    say(db, "down", "It is wrong.", number=3, at=AT + DAY, model="other")
    every = [(each["model"], each["day"][-2:], each["up"]) for each in summary(db, "model", 0.0)]
    assert every == [("echo", "15", 1), ("echo", "16", 0), ("other", "16", 0)]
    later = [(each["model"], each["up"], each["down"]) for each in summary(db, "model", AT + DAY)]
    assert later == [("echo", 0, 1), ("other", 0, 1)]
    assert [each["comment"] for each in comments(db, 0.0, 10)] == ["It is wrong."]


def test_an_answer_counts_for_each_of_its_collections(db: apsw.Connection) -> None:
    say(db, "up", number=1, sources=(SOURCE, SOURCE))
    say(db, "down", number=2)
    (one,) = summary(db, "collection", 0.0)
    assert (one["collection"], one["up"], one["down"]) == ("handbook", 1, 0)
    assert [each["cache"] for each in summary(db, "cache", 0.0)] == ["miss"]
