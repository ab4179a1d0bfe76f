"""Pages of lists as OpenAI's are: cursors are ids, and the database reads no more than the page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from index.errors import InvalidQuery
from index.store.records import Item, Page, PageQuery

_END: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Window:
    """Rows with `low < number < high`, from the newest on or from the oldest, at most `limit`."""

    low: int = 0
    high: int = _END
    newest_first: bool = False
    limit: int = -1

    def sql(self, statement: str) -> str:
        """`statement` orders by number and has the parameters of `bounds`."""
        return statement + (" DESC LIMIT :limit" if self.newest_first else " LIMIT :limit")

    @property
    def bounds(self) -> dict[str, int]:
        return {"low": self.low, "high": self.high, "limit": self.limit}


def window_of(query: PageQuery, number_of: Callable[[str], int | None]) -> Window:
    """`number_of` an id, None where there is none: then `InvalidQuery` names the cursor.

    One item more than the page has, which tells whether there are more.
    """
    after = _cursor(query.after, "after", number_of)
    before = _cursor(query.before, "before", number_of)
    descending = query.order == "desc"
    low, high = (before, after) if descending else (after, before)
    newest_first = descending != _ends_at_cursor(query)
    return Window(low or 0, _END if high is None else high, newest_first, query.limit + 1)


def page_of(rows: Sequence[Item], query: PageQuery) -> Page[Item]:
    """Of what the window of `query` had, in its order."""
    items = rows[: query.limit]
    turned = reversed(items) if _ends_at_cursor(query) else items
    return Page(tuple(turned), len(rows) > query.limit)


def _ends_at_cursor(query: PageQuery) -> bool:
    """Only `before` is given: the page wanted is the last before it, read backwards."""
    return query.before is not None and query.after is None


def _cursor(cursor: str | None, param: str, number_of: Callable[[str], int | None]) -> int | None:
    if cursor is None:
        return None
    if (number := number_of(cursor)) is None:
        raise InvalidQuery(f"No such id in this list: {cursor[:64]!r}.", param)
    return number
