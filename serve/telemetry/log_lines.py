"""Log records as JSON lines that say which request they are about and hold nothing secret.

Of an exception its class and the places it came through are written. What it says may quote a
request: that is written only where `debug` asks for it. Keys are blotted out wherever they stand.
"""

import logging
import re
from contextvars import ContextVar
from traceback import extract_tb
from typing import Final

import orjson

REQUEST: Final[ContextVar[str | None]] = ContextVar("request", default=None)
KEY: Final = re.compile(r"\bhearth-[0-9a-f]{12}-[\w-]{20,}")


class JsonLines(logging.Formatter):
    """`quoting`: write what exceptions say, too."""

    def __init__(self, quoting: bool = False) -> None:
        super().__init__()
        self._quoting = quoting

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, object] = {
            "at": record.created,
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": KEY.sub("[key]", record.getMessage()),
            "request_id": REQUEST.get(),
        }
        if record.exc_info and record.exc_info[1] is not None:
            told |= self._of(record.exc_info[1])
        return orjson.dumps(told, option=orjson.OPT_NON_STR_KEYS).decode()

    def _of(self, exc: BaseException) -> dict[str, object]:
        frames = extract_tb(exc.__traceback__)
        told: dict[str, object] = {
            "exception": type(exc).__name__,
            "through": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
        }
        if self._quoting:
            told["said"] = KEY.sub("[key]", str(exc))
        return told
