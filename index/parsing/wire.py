"""Documents and refusals on their way from the process that parses: JSON, checked on arrival."""

from collections.abc import Sequence
from typing import Any, Final, get_args

import orjson

from index.documents import Block, BlockKind, Parsed
from index.errors import ParseCode, ParseRefused

_KINDS: Final = frozenset(get_args(BlockKind))
_CODES: Final = frozenset(get_args(ParseCode))


def written(documents: Sequence[Parsed]) -> bytes:
    return orjson.dumps([_fields(document) for document in documents])


def refusal_written(refusal: ParseRefused) -> bytes:
    return orjson.dumps({"message": refusal.message, "code": refusal.code})


def read(data: bytes) -> list[Parsed]:
    """Raises the `ParseRefused` that was written, or `ValueError` when it is neither."""
    value = orjson.loads(data)
    if isinstance(value, dict):
        raise _refusal(value)
    if not isinstance(value, list) or not value:
        raise ValueError("no documents")
    return [_document(one) for one in value]


def _fields(document: Parsed) -> list[Any]:
    blocks = [[b.kind, b.text, b.level, b.page] for b in document.blocks]
    head = [document.name, document.media_type, document.title]
    return [*head, blocks, document.pages, list(document.notes)]


def _refusal(value: dict[str, Any]) -> ParseRefused:
    if value.get("code") not in _CODES:
        raise ValueError("no refusal")
    return ParseRefused(_text(value.get("message")), value["code"])


def _document(value: Any) -> Parsed:
    name, media_type, title, blocks, pages, notes = value
    return Parsed(
        _text(name),
        _text(media_type),
        _text(title),
        tuple(_block(one) for one in blocks),
        _page(pages),
        tuple(map(_text, notes)),
    )


def _block(value: Any) -> Block:
    kind, text, level, page = value
    if kind not in _KINDS or level not in range(7):
        raise ValueError("no block")
    return Block(kind, _text(text), level, _page(page))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("no text")
    return value


def _page(value: Any) -> int | None:
    if value is None or (isinstance(value, int) and value > 0):
        return value
    raise ValueError("no page")
