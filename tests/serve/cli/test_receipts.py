"""`hearth receipts` and `hearth usage` on a data directory in which answers were given."""

import csv
import io
import json
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from serve.cli import receipts
from serve.cli.usage import usage
from serve.ledger.keys import Keys
from serve.receipt import Attempt
from serve.receipts.power import Power, note
from serve.receipts.receipt_file import HOUR, ReceiptFile, known
from tests.serve.receipts.receipts_made import row

Run = Callable[..., Result]
NOW = time.time()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Three answers now, one of them given again, and one a day ago."""
    again: dict[str, Any] = {"cache": "hit", "attempts": [], "cost": 0.0}
    with closing(ReceiptFile(tmp_path / "receipts.db")) as file:
        waited: dict[str, Any] = {
            "attempts": [Attempt("small", 2000.0, queue=500.0)],
            "total_ms": 2500.0,
        }
        ours = [row(1, NOW, **waited), row(2, NOW), row(3, NOW, **again)]
        file.add([row(0, NOW - 86_400, tier="large"), *ours])
    return tmp_path


@pytest.fixture
def run(home: Path) -> Run:
    app = typer.Typer()
    app.add_typer(receipts.commands, name="receipts")
    app.command()(usage)

    def run(*arguments: str, **more: str) -> Result:
        environment = {"HEARTH_HOME": str(home), "HEARTH_PROFILE": "small", **more}
        return CliRunner().invoke(app, arguments, env=environment)

    return run


def done(result: Result) -> str:
    assert result.exit_code == 0, result.stderr
    return result.stdout


def test_the_last_ones_are_a_line_each_the_newest_last(run: Run) -> None:
    lines = done(run("receipts", "tail", "-n", "2")).splitlines()
    assert [line.split()[0] for line in lines] == [row(2, NOW).id, row(3, NOW).id]
    assert "10+5 tokens" in lines[0]


def test_one_is_shown_whole(run: Run) -> None:
    told = json.loads(done(run("receipts", "show", row(1, NOW).id, "--json")))
    assert (told["tier"], told["cost"]) == ("small", 0.25)
    assert [each["part"] for each in told["time"]] == ["queue", "generate", "other"]
    missing = run("receipts", "show", "req_0")
    assert (missing.exit_code, missing.stdout) == (1, "")


def test_for_people_one_is_shown_with_where_its_time_went_in_words(run: Run) -> None:
    shown = done(run("receipts", "show", row(1, NOW).id))
    told, table = shown.rstrip().rsplit("}\n", 1)
    assert json.loads(told + "}")["tier"] == "small"
    assert [line.split(maxsplit=3)[:3] for line in table.splitlines()] == [
        ["0.500", "s", "20.0%"],
        ["1.500", "s", "60.0%"],
        ["0.500", "s", "20.0%"],
    ]
    assert table.splitlines()[0].endswith("it waited for a place: others were answered")


def test_they_are_exported_as_lines_and_as_a_table(run: Run) -> None:
    lines = done(run("receipts", "export")).splitlines()
    assert json.loads(lines[0])["request_id"] == row(0, NOW - 86_400).id
    table = list(csv.DictReader(io.StringIO(done(run("receipts", "export", "--format", "csv")))))
    assert [each["request_id"] for each in table] == [json.loads(x)["request_id"] for x in lines]
    assert json.loads(table[1]["attempts"]) == json.loads(lines[1])["attempts"]
    assert len(done(run("receipts", "export", "--since", "2h")).splitlines()) == 3


def test_they_are_exported_as_parquet(run: Run, tmp_path: Path) -> None:
    lines = done(run("receipts", "export", "--since", "2h")).splitlines()
    exported = run("receipts", "export", "--since", "2h", "--format", "parquet")
    assert exported.exit_code == 0, exported.stderr
    (tmp_path / "out.parquet").write_bytes(exported.stdout_bytes)
    query = "SELECT request_id, cost, attempts FROM read_parquet($file)"
    found = duckdb.execute(query, {"file": str(tmp_path / "out.parquet")}).fetchall()
    told = [json.loads(line) for line in lines]
    assert [(id_, cost, json.loads(attempts)) for id_, cost, attempts in found] == [
        (one["request_id"], one["cost"], one["attempts"]) for one in told
    ]


def test_what_cannot_be_written_whole_is_not_begun(run: Run, home: Path) -> None:
    with closing(known(home / "receipts.db", write=True)) as db:
        db.execute("UPDATE receipts SET receipt = CAST('{' AS BLOB) WHERE number = 2")
    broken = run("receipts", "export", "--format", "parquet")
    assert (broken.exit_code, broken.stdout_bytes) == (1, b"")
    assert "one of them is damaged" in broken.stderr
    assert "/" not in broken.stderr


def test_usage_adds_up_and_names_keys(run: Run, home: Path) -> None:
    with closing(Keys(home / "hearth.db")) as keys:
        made, _ = keys.create("notebook")
    with closing(ReceiptFile(home / "receipts.db")) as file:
        file.add([row(9, NOW, key_id=made.id)])
    found = json.loads(done(run("usage", "--json")))
    by_key = {each["key"]: each for each in found["rows"]}
    assert by_key[made.id]["name"] == "notebook"
    assert by_key["anna"]["requests"] == 4
    assert (by_key["anna"]["again"], by_key["anna"]["saved"]) == (1, 15)
    assert found["total"]["input"] == 40
    assert found["machine"] is None


@pytest.mark.parametrize(("by", "names"), [("tier", ["large", "small"]), ("model", ["echo"])])
def test_usage_by_something_else_as_a_table(run: Run, by: str, names: list[str]) -> None:
    table = list(csv.DictReader(io.StringIO(done(run("usage", "--by", by, "--csv")))))
    assert [each[by] for each in table] == names
    assert sum(int(each["output"]) for each in table) == 15


def test_usage_for_people_has_the_idle_machine_apart(run: Run, home: Path) -> None:
    with closing(known(home / "receipts.db", write=True)) as db:
        note(db, int(NOW // HOUR), Power(3600.0, 900.0, 100.0, 60.0))
    text = done(run("usage", "--since", "1h", HEARTH_COST__KWH="1"))
    assert "busy 25.0%: 40.0 Wh, 0.0400; idle: 60.0 Wh, 0.0600" in text
    assert text.splitlines()[2].split()[:4] == ["anna", "3", "1", "0"]


@pytest.mark.parametrize("command", [["receipts", "tail"], ["usage"]])
def test_where_nothing_is_kept_the_command_says_so(
    tmp_path: Path, run: Run, command: list[str]
) -> None:
    result: Any = run(*command, HEARTH_HOME=str(tmp_path / "empty"))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "No receipts are kept" in result.stderr
