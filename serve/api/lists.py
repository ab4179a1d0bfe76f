"""Lists as OpenAI pages them: `limit`, `order`, `after` and `before`, and the page itself."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar, cast, get_args
from urllib.parse import parse_qsl

from index.store.records import MOST_ITEMS, Order, PageQuery
from serve.api.call import Call, Response, as_json
from serve.api.strict_json import shown
from serve.errors import BadRequest

PAGING: Final = ("limit", "order", "after", "before")
_MOST_FIELDS: Final = 16
_SECONDS: Final = re.compile(r"[0-9]{1,11}(\.[0-9]{1,6})?")
W = TypeVar("W", bound=str)


def asked_of(call: Call, known: Sequence[str]) -> dict[str, str]:
    """The query's parameters, those without a value left out. Raises `BadRequest`."""
    try:
        text = call.query.decode("ascii")
        pairs = parse_qsl(text, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError as exc:
        raise BadRequest("The query of the URL cannot be read.", code="invalid_query") from exc
    asked = dict(pairs)
    if strangers := [name for name, _ in pairs if name not in known]:
        message = f"Unknown parameter: {shown(strangers[0])}."
        raise BadRequest(message, strangers[0][:64], "unknown_parameter")
    if len(asked) < len(pairs):
        raise BadRequest("The URL has a parameter twice.", code="invalid_query")
    return asked


def page_query(asked: Mapping[str, str], default: int = 20, most: int = MOST_ITEMS) -> PageQuery:
    """A page has `MOST_ITEMS` at most, whatever `limit` is let through. Raises `BadRequest`."""
    order = asked.get("order", "desc")
    if order not in get_args(Order):
        raise BadRequest("The order must be 'asc' or 'desc'.", "order", "invalid_value")
    limit = min(whole(asked, "limit", default, most), MOST_ITEMS)
    return PageQuery(limit, cast("Order", order), asked.get("after"), asked.get("before"))


def whole(asked: Mapping[str, str], name: str, default: int, most: int) -> int:
    """The number 1 to `most` called `name`. Raises `BadRequest`."""
    text = asked.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and 1 <= int(text) <= most):
        raise BadRequest(f"Invalid '{name}': a number 1 to {most}.", name, "invalid_value")
    return int(text)


def moment(asked: Mapping[str, str], name: str) -> float | None:
    """The unix seconds called `name`; None where none are given. Raises `BadRequest`."""
    if (text := asked.get(name)) is None:
        return None
    if not _SECONDS.fullmatch(text):
        raise BadRequest(f"Invalid '{name}': unix seconds, 0 or more.", name, "invalid_value")
    return float(text)


def one_of(asked: Mapping[str, str], name: str, known: Sequence[W], default: W) -> W:
    """Of the words `known`, the one called `name`. Raises `BadRequest`."""
    found = next((word for word in known if word == asked.get(name, default)), None)
    if found is None:
        words = f"Invalid '{name}': one of {', '.join(known)}."
        raise BadRequest(words, name, "invalid_value")
    return found


def as_list(items: Sequence[Mapping[str, Any]], has_more: bool) -> Response:
    ends = (items[0]["id"], items[-1]["id"]) if items else (None, None)
    page = {"object": "list", "data": items, "first_id": ends[0], "last_id": ends[1]}
    return as_json(page | {"has_more": has_more})
