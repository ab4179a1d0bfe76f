"""Jupyter notebooks: prose as Markdown, code as code, and what it printed."""

from typing import Any, Final

import orjson

from index.parsing.blocks import Blocks
from index.parsing.content import Content, Source
from index.parsing.markdown import add_markdown

_PRINTED: Final = 2000  # characters of one cell's output: the rest is for machines


def read(source: Source) -> Content:
    notebook = orjson.loads(source.text)
    blocks = Blocks()
    for cell in notebook["cells"]:
        text = _joined(cell.get("source"))
        if cell.get("cell_type") == "markdown":
            add_markdown(blocks, text)
        else:
            blocks.code(text)
            for output in cell.get("outputs") or ():
                blocks.code(_printed(output)[:_PRINTED])
    title = (notebook.get("metadata") or {}).get("title")
    return Content(blocks.found, title if isinstance(title, str) else "")


def _printed(output: Any) -> str:
    """Text that was written or returned; no tracebacks, pictures or HTML."""
    return _joined(output.get("text") or (output.get("data") or {}).get("text/plain"))


def _joined(lines: Any) -> str:
    return "".join(map(str, lines)) if isinstance(lines, list) else str(lines or "")
