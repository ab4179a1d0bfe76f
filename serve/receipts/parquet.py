"""Receipts as a Parquet file: real types, row group after row group."""

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

import duckdb

# Of what `told` tells. What has parts is JSON text, as in a CSV table.
COLUMNS: Final = {
    "request_id": "VARCHAR",
    "at": "DOUBLE",  # written as a TIMESTAMP in UTC, to the microsecond
    "path": "VARCHAR",
    "status": "BIGINT",
    "error": "VARCHAR",
    "key": "VARCHAR",
    "tenant": "VARCHAR",
    "model": "VARCHAR",
    "tier": "VARCHAR",
    "reason": "VARCHAR",
    "stream": "BOOLEAN",
    "prompt_tokens": "BIGINT",
    "cached_tokens": "BIGINT",
    "completion_tokens": "BIGINT",
    "tokens_per_second": "DOUBLE",
    "cost": "DOUBLE",
    "energy": "DOUBLE",
    "finish_reason": "VARCHAR",
    "ttft_ms": "DOUBLE",
    "total_ms": "DOUBLE",
    "expected_wait_ms": "DOUBLE",
    "queue_ms": "DOUBLE",
    "brownout": "VARCHAR",
    "continued": "BOOLEAN",
    "cache": "VARCHAR",
    "cache_reason": "VARCHAR",
    "cache_age": "DOUBLE",
    "cache_key": "VARCHAR",
    "neighbour": "VARCHAR",
    "saved_ms": "DOUBLE",
    "forecast": "VARCHAR",
    "sources": "VARCHAR",
    "notes": "VARCHAR",
    "citations": "VARCHAR",
    "cited": "VARCHAR",
    "features": "VARCHAR",
    "filters": "VARCHAR",
    "steps": "VARCHAR",
    "attempts": "VARCHAR",
}
_CONFIG: Final[dict[str, str | bool | int | float | list[str]]] = {
    "threads": 1,
    "memory_limit": "512MB",
    "autoinstall_known_extensions": False,  # it would ask the network
    "autoload_known_extensions": False,
}
_COPY: Final = """
    COPY (
        SELECT * REPLACE (to_timestamp("at") AS "at")
        FROM read_json($lines, format = 'newline_delimited', columns = $columns)
    ) TO $file (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 4096)
"""


def write_parquet(lines: Iterable[bytes], file: Path) -> None:
    """Writes receipts, each one JSON object, to `file`. What a receipt lacks is null.

    Raises `duckdb.Error`, `OSError` and whatever `lines` raises; the file is then of no use.
    """
    with NamedTemporaryFile(dir=file.parent, suffix=".jsonl") as whole:  # a pipe is kept in memory
        whole.writelines(line + b"\n" for line in lines)
        whole.flush()
        with closing(duckdb.connect(config=_CONFIG)) as db:
            db.execute(_COPY, {"lines": whole.name, "columns": COLUMNS, "file": str(file)})
