"""The Parquet file, read by what others read it with: an environment that has nothing of ours."""

import json
import subprocess
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from serve.receipt import Receipt
from serve.receipts.parquet import COLUMNS, write_parquet
from serve.receipts.receipt_line import told
from tests.serve.receipts.receipts_made import AT, SOURCE, row

PYTHON = Path(__file__).parents[3] / ".venv" / "clients" / "bin" / "python"
READ = """
import json, sys
from pyarrow.parquet import ParquetFile
file = ParquetFile(sys.argv[1])
rows = [{**row, "at": row["at"].timestamp()} for row in file.read().to_pylist()]
schema = {field.name: str(field.type) for field in file.schema_arrow}
print(json.dumps({"schema": schema, "groups": file.num_row_groups, "rows": rows}))
"""
WITH_PARTS = {"brownout", "neighbour", "forecast", "sources", "notes", "citations"} | {
    "cited", "features", "filters", "steps", "attempts"
}  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "receipts.parquet"


def read(file: Path) -> Any:
    if not PYTHON.exists():
        pytest.skip("scripts/install-test makes the environment that reads it")
    ran = subprocess.run(
        [PYTHON, "-c", READ, file], capture_output=True, text=True, timeout=60, check=True
    )
    return json.loads(ran.stdout)


def test_there_is_a_column_for_all_that_is_told() -> None:
    assert list(COLUMNS) == list(told(Receipt()))


def test_others_read_what_the_lines_say(file: Path) -> None:
    lines = [
        row(0, AT + 0.123456, sources=(SOURCE,), brownout=("short", "small")).receipt,
        row(1, error="EngineLost", status=503, tier=None, ttft_ms=1.5, stream=True).receipt,
    ]
    write_parquet(lines, file)
    rows = read(file)["rows"]
    for found in rows:
        for name in WITH_PARTS:
            found[name] = None if found[name] is None else json.loads(found[name])
    assert rows == [json.loads(line) for line in lines]


def test_types_are_real(file: Path) -> None:
    write_parquet([row().receipt], file)
    schema = read(file)["schema"]
    assert schema["at"] == "timestamp[us, tz=UTC]"
    assert (schema["status"], schema["stream"], schema["cost"]) == ("int64", "bool", "double")
    assert {schema[name] for name in WITH_PARTS} == {"string"}


def test_there_are_row_groups_and_no_list_of_all_receipts(file: Path) -> None:
    line = row().receipt

    def many() -> Iterator[bytes]:
        for _ in range(10_000):
            yield line

    tracemalloc.start()
    write_parquet(many(), file)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 1 << 20
    found = read(file)
    assert (found["groups"], len(found["rows"])) == (3, 10_000)


def test_a_receipt_of_another_version_lacks_what_it_lacks(file: Path) -> None:
    write_parquet([b'{"request_id": "req_1", "at": 1.5, "unheard": {"of": 1}}'], file)
    (found,) = read(file)["rows"]
    assert {name: value for name, value in found.items() if value is not None} == {
        "request_id": "req_1",
        "at": 1.5,
    }


def test_none_at_all_is_an_empty_table(file: Path) -> None:
    write_parquet([], file)
    assert read(file)["rows"] == []
    assert list(read(file)["schema"]) == list(COLUMNS)


def test_what_is_no_receipt_is_an_error(file: Path) -> None:
    with pytest.raises(duckdb.Error):
        write_parquet([b"{"], file)
