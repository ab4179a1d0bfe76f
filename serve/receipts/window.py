"""Receipts of a span of time: all of them or, where they are too many, a fair share."""

from typing import Any, Final

import apsw

from serve.receipt import id_at
from serve.receipts.short import Short, shorts

MOST: Final = 10_000  # that are read
# What keys may use, and what limits count; looks and uploads would only blur the picture.
ANSWERS: Final = (
    "/v1/chat/completions",
    "/v1/completions",
    "/v1/embeddings",
    "/v1/vector_stores/{store}/search",
)
_COUNT: Final = "SELECT count(*) FROM receipts WHERE id >= :first AND id < :end"
_SHARE: Final = "id >= :first AND id < :end AND number % :every = 0"


def window(
    db: apsw.Connection, since: float, until: float, most: int = MOST
) -> tuple[list[Short], int]:
    """Of requests for answers that arrived from `since` on, until `until` (unix seconds): one of
    so many, as the second value says, evenly over all of it.
    """
    asked: dict[str, Any] = {"first": id_at(since), "end": id_at(until)}
    ((count,),) = db.execute(_COUNT, asked)
    every = -(-count // most) or 1
    found = shorts(db, _SHARE, asked | {"every": every})
    return [row for row in found if row.route in ANSWERS], every
