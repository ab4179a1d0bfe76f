"""Where receipts and failures are written: one JSON line each, in files that stay bounded."""

import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path

RECEIPTS = logging.getLogger("hearth.receipts")
FAILURES = logging.getLogger("hearth.api")
FILE_BYTES = 20_000_000
FILES = 5


def log_to(folder: Path, gateway: int, receipts: bool) -> None:
    """Send this process's records to files in `folder` that no other gateway writes."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write(FAILURES, folder / f"failures-{gateway}.log", "%(asctime)s %(message)s")
    if receipts:
        _write(RECEIPTS, folder / f"receipts-{gateway}.jsonl", "%(message)s")


def _write(logger: logging.Logger, file: Path, form: str) -> None:
    handler = RotatingFileHandler(file, maxBytes=FILE_BYTES, backupCount=FILES)
    handler.setFormatter(logging.Formatter(form))
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(handler)
