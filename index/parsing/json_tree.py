"""JSON and JSON lines: `path: value` for each value; equal records as a table."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import orjson

from index.parsing import formats
from index.parsing.blocks import Blocks
from index.parsing.content import Content, Source
from index.parsing.formats import Format

_DEEPEST: Final = 24  # names in a path: the last ones
_TABLE_CELL: Final = 120  # characters
_BLOCK: Final = 600
_TRIED: Final = 3  # lines that have to be JSON by themselves


def json_format(text: str) -> Format | None:
    """Whether it is JSON, a notebook or JSON lines; None if it only begins like one."""
    value = _loaded(text)
    if isinstance(value, dict) and "nbformat" in value and isinstance(value.get("cells"), list):
        return formats.NOTEBOOK
    if value is not None:
        return formats.JSON
    lines = text.lstrip().splitlines()[:_TRIED]
    whole = len(lines) > 1 and all(_loaded(line) is not None for line in lines if line.strip())
    return formats.JSONL if whole else None


def read(source: Source) -> Content:
    value = _loaded(source.text)
    notes = []
    if value is None:
        lines = [line for line in source.text.splitlines() if line.strip()]
        value = [found for line in lines if (found := _loaded(line)) is not None]
        if len(value) < len(lines):
            notes.append(f"{len(lines) - len(value)} lines are no JSON.")
    blocks = Blocks()
    add_value(blocks, value)
    return Content(blocks.found, notes=notes)


def add_value(blocks: Blocks, value: Any) -> None:
    if isinstance(value, list) and _is_table(value):
        names = list(value[0])
        rows = [[_scalar(record[name]) for name in names] for record in value]
        blocks.table([names, *rows], header=True)
        return
    for part in value if isinstance(value, list) else [value]:
        _add_lines(blocks, list(_lines(part)))


def _add_lines(blocks: Blocks, lines: Sequence[str]) -> None:
    """In blocks that are not too long, each of whole lines."""
    together: list[str] = []
    for line in lines:
        if together and sum(map(len, together)) + len(line) > _BLOCK:
            blocks.text("\n".join(together))
            together = []
        together.append(line)
    blocks.text("\n".join(together))


def _lines(value: Any) -> Iterator[str]:
    """A line for each value that holds no others, and for a list of such."""
    stack: list[tuple[Any, tuple[str, ...]]] = [(value, ())]
    while stack:
        inner, path = stack.pop()
        if isinstance(inner, dict):
            named = [(one, (*path, str(name))[-_DEEPEST:]) for name, one in inner.items()]
            stack.extend(reversed(named))
        elif isinstance(inner, list) and any(isinstance(one, dict | list) for one in inner):
            counted = [(one, (*path, str(i))[-_DEEPEST:]) for i, one in enumerate(inner, 1)]
            stack.extend(reversed(counted))
        else:
            told = ", ".join(map(_scalar, inner)) if isinstance(inner, list) else _scalar(inner)
            yield f"{'.'.join(path)}: {told}" if path else told


def _is_table(records: Sequence[Any]) -> bool:
    """At least two records with the same names and short values."""
    if len(records) < 2 or not all(isinstance(one, dict) for one in records):
        return False
    names = list(records[0])
    return all(
        list(record) == names
        and all(
            not isinstance(v, dict | list) and len(_scalar(v)) <= _TABLE_CELL
            for v in record.values()
        )
        for record in records
    )


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _loaded(text: str) -> Any:
    """None when it is no JSON, or nested beyond reason."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
