"""Where receipts and failures are written: one JSON line each, in files that stay bounded."""

import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path

from serve.sections.appliance import LogSettings
from serve.telemetry.log_lines import JsonLines

RECEIPTS = logging.getLogger("hearth.receipts")
GATEWAY = logging.getLogger("hearth")
FILE_BYTES = 20_000_000
FILES = 5


def log_to(folder: Path, gateway: int, settings: LogSettings) -> None:
    """Send this process's records to files in `folder` that no other gateway writes."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lines = JsonLines(quoting=settings.level == "debug")
    _write(GATEWAY, folder / f"gateway-{gateway}.jsonl", lines, settings.level.upper())
    if settings.receipts:
        line = logging.Formatter("%(message)s")
        _write(RECEIPTS, folder / f"receipts-{gateway}.jsonl", line, "INFO")


def _write(logger: logging.Logger, file: Path, form: logging.Formatter, level: str) -> None:
    handler = RotatingFileHandler(file, maxBytes=FILE_BYTES, backupCount=FILES)
    handler.setFormatter(form)
    logger.setLevel(level)
    logger.propagate = False
    logger.addHandler(handler)
