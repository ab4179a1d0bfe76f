"""What people think of answers: thumbs and comments, by the receipt they belong to."""

from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

import apsw
import orjson

from serve.receipts.receipt_file import transaction

Rating = Literal["up", "down"]
By = Literal["model", "tier", "route", "cache", "collection"]
BYS: Final[tuple[By, ...]] = get_args(By)
_PUT: Final = """
    INSERT INTO feedback VALUES (?,?,?,?,?,?,?,?,?,?)
    ON CONFLICT (receipt, account) DO UPDATE SET
        at = excluded.at, good = excluded.good, comment = excluded.comment
"""
_BEFORE: Final = "SELECT good FROM feedback WHERE receipt = ? AND account = ?"
_SUMMARY: Final = """
    SELECT {value}, date(at, 'unixepoch'), sum(good), sum(NOT good), sum(comment <> '')
    FROM feedback{more} WHERE at >= ? GROUP BY 1, 2 ORDER BY 2, 1
"""
_LATEST: Final = """
    SELECT receipt, at, good, comment, model FROM feedback
    WHERE at >= ? AND comment <> '' ORDER BY at DESC LIMIT ?
"""
_ABOUT: Final = """
    SELECT good, comment, at FROM feedback
    WHERE receipt = ? AND account = ifnull(?, account) ORDER BY at
"""


@dataclass(frozen=True, slots=True)
class Opinion:
    """Of the caller with this `account`, about the answer with this receipt."""

    receipt: str
    account: str
    rating: Rating
    comment: str
    at: float  # unix seconds


def put(db: apsw.Connection, opinion: Opinion, receipt: dict[str, Any]) -> bool:
    """In the place of what the same caller said before. `receipt` as it is told. Returns whether
    the rating is new.
    """
    collections = sorted({source["collection"] for source in receipt["sources"]})
    names = (receipt[field] or "" for field in ("model", "tier", "path", "cache"))
    with transaction(db):
        before = list(db.execute(_BEFORE, (opinion.receipt, opinion.account)))
        db.execute(
            _PUT,
            (
                opinion.receipt,
                opinion.account,
                opinion.at,
                opinion.rating == "up",
                opinion.comment,
                *names,
                orjson.dumps(collections).decode(),
            ),
        )
    return before != [(opinion.rating == "up",)]


def summary(db: apsw.Connection, by: By, since: float) -> list[dict[str, Any]]:
    """Thumbs by day (UTC) and what `by` says, the oldest first; `since` in unix seconds.

    An answer from several collections counts for each of them.
    """
    collections = by == "collection"
    query = _SUMMARY.format(
        value="value" if collections else by,
        more=", json_each(collections)" if collections else "",
    )
    names = (by, "day", "up", "down", "comments")
    return [dict(zip(names, row, strict=True)) for row in db.execute(query, (since,))]


def about(db: apsw.Connection, receipt: str, account: str | None = None) -> list[dict[str, Any]]:
    """What everybody said of one answer, or the caller with this `account`; the oldest first."""
    return [
        {"rating": _rating(good), "comment": comment, "at": at}
        for good, comment, at in db.execute(_ABOUT, (receipt, account))
    ]


def comments(db: apsw.Connection, since: float, limit: int) -> list[dict[str, Any]]:
    """The newest first."""
    names = ("receipt_id", "at", "rating", "comment", "model")
    return [
        dict(zip(names, (receipt, at, _rating(good), *rest), strict=True))
        for receipt, at, good, *rest in db.execute(_LATEST, (since, limit))
    ]


def _rating(good: int) -> Rating:
    return "up" if good else "down"
