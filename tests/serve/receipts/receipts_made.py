"""Receipts of requests that nobody made."""

from dataclasses import replace
from typing import Any

from models.engine import Usage
from serve.receipt import Attempt, Receipt, Reference, id_at
from serve.receipts.receipt_file import Row
from serve.receipts.receipt_line import as_line, as_row

AT = 1_800_000_000.0  # unix seconds: the beginning of an hour
SOURCE = Reference(1, "handbook", "leave", "leave.md", (3,), None, None, 0.9)


def receipt(number: int = 0, at: float = AT, **more: Any) -> Receipt:
    """Of an answer to anna; numbers tell receipts of the same time apart."""
    made = Receipt(
        id=f"{id_at(at)}{number:012x}",
        started_at=at,
        path="/v1/chat/completions",
        key_id="anna",
        tenant="house",
        model="echo",
        tier="small",
        cache="miss",
        usage=Usage(10, 5, 4),
        attempts=[Attempt("small", 2000.0)],
        cost=0.25,
        energy=0.5,
        status=200,
    )
    return replace(made, **more)


def row(number: int = 0, at: float = AT, **more: Any) -> Row:
    made = receipt(number, at, **more)
    return as_row(made, as_line(made))
