"""Where receipts are written: one JSON line each, in files that stay bounded."""

import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path

LOGGER = logging.getLogger("hearth.receipts")
FILE_BYTES = 20_000_000
FILES = 5


def log_receipts(file: Path) -> None:
    """Send this process's receipts to `file`, which nobody else may write."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handler = RotatingFileHandler(file, maxBytes=FILE_BYTES, backupCount=FILES)
    handler.setFormatter(logging.Formatter("%(message)s"))
    LOGGER.setLevel(logging.INFO)
    LOGGER.propagate = False
    LOGGER.addHandler(handler)
