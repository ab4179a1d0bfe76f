"""`hearth receipts …`: what happened to requests. Works whether or not the appliance runs."""

import csv
import json
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from serve.cli.key_rights import seconds
from serve.cli.key_ring import when
from serve.cli.options import AsJson, Config, Home, fail, settings_from
from serve.cli.spent_words import in_words

if TYPE_CHECKING:
    import apsw

commands = typer.Typer(no_args_is_help=True, help="Receipts: what happened to each request.")

PERIOD: Final = 0.5  # seconds between looks for new ones
_LAST: Final = "SELECT number, receipt FROM receipts ORDER BY number DESC LIMIT ?"
_LATER: Final = "SELECT number, receipt FROM receipts WHERE number > ? ORDER BY number"

Told = dict[str, Any]
Since = Annotated[str | None, typer.Option(help="Those of the last 90s, 15m, 12h or 30d only.")]


@commands.command()
def tail(
    most: Annotated[int, typer.Option("-n", min=1, max=10_000, help="How many.")] = 20,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="And those that come.")] = False,
    json_: AsJson = False,
    home: Home = None,
    config: Config = None,
) -> None:
    """Show the last receipts, a line each, the newest last."""
    with receipts_file(home, config) as db:
        shown = _show(list(db.execute(_LAST, (most,)))[::-1], 0, json_)
        while follow:
            time.sleep(PERIOD)
            shown = _show(list(db.execute(_LATER, (shown,))), shown, json_)


@commands.command()
def show(
    receipt_id: Annotated[str, typer.Argument(help="The x-request-id of an answer.")],
    json_: AsJson = False,
    home: Home = None,
    config: Config = None,
) -> None:
    """Show one receipt, whole, and where its time went; with --json as one JSON object."""
    from serve.receipts.receipt_file import found
    from serve.receipts.time_spent import time_spent

    with receipts_file(home, config) as db:
        one = found(db, receipt_id)
    if one is None:
        raise fail("There is no receipt with this id: it may be too old, see receipts.days.")
    spent = time_spent(one)
    if json_:
        typer.echo(json.dumps({**one, "time": [asdict(each) for each in spent]}, indent=2))
        return
    typer.echo(json.dumps(one, indent=2))
    for each in spent:
        typer.echo(f"{each.seconds:9.3f} s {each.share:7.1%}  {in_words(each)}")


@commands.command()
def export(
    since: Since = None,
    form: Annotated[
        Literal["jsonl", "csv", "parquet"],
        typer.Option("--format", help="One JSON line each, or a table."),
    ] = "jsonl",
    home: Home = None,
    config: Config = None,
) -> None:
    """Write receipts to the standard output, the oldest first."""
    from serve.receipt import id_at

    if form == "parquet" and sys.stdout.isatty():
        raise fail("Parquet is not for reading: write it to a file, with > receipts.parquet.")
    first = "" if since is None else id_at(time.time() - seconds(since))
    with receipts_file(home, config) as db:
        found = db.execute("SELECT receipt FROM receipts WHERE id >= ? ORDER BY id", (first,))
        receipts = (receipt for (receipt,) in found)
        if form == "parquet":
            _write_parquet(receipts)
        elif form == "csv":
            _write_table(map(json.loads, receipts))
        else:
            for receipt in receipts:
                sys.stdout.write(receipt.decode() + "\n")


@contextmanager
def receipts_file(home: Home, config: Config) -> Iterator["apsw.Connection"]:
    """Ends the command with exit code 1 where there is none, or it cannot be read."""
    import apsw

    from serve.receipts.receipt_file import known

    path = settings_from(home, None, config).receipts_file
    try:
        with closing(known(path)) as db:
            yield db
    except apsw.CantOpenError as exc:
        raise fail("No receipts are kept in this data directory yet.") from exc
    except apsw.Error as exc:
        raise fail(f"The receipts cannot be read: {exc}") from exc


def _write_table(receipts: Iterator[Told]) -> None:
    """What has parts stands in its cell as JSON."""
    writer = None
    for receipt in receipts:
        flat = {name: _cell(value) for name, value in receipt.items()}
        if writer is None:
            writer = csv.DictWriter(sys.stdout, list(flat), extrasaction="ignore")
            writer.writeheader()
        writer.writerow(flat)


def _write_parquet(receipts: Iterator[bytes]) -> None:
    """What cannot be written whole is not begun."""
    import duckdb

    from serve.receipts.parquet import write_parquet

    with TemporaryDirectory(prefix="hearth-") as folder:
        file = Path(folder) / "receipts.parquet"
        try:
            write_parquet(receipts, file)
        except (duckdb.Error, OSError) as exc:
            raise fail(
                "The receipts cannot be written as Parquet: one of them is damaged, or the folder "
                "for temporary files is full."
            ) from exc
        with file.open("rb") as written:
            shutil.copyfileobj(written, sys.stdout.buffer)


def _cell(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, list | dict) else value


def _show(receipts: list[Any], shown: int, json_: bool) -> int:
    """The number of the last one; `shown` where there is none."""
    for _, receipt in receipts:
        typer.echo(_line(receipt, json_))
    return receipts[-1][0] if receipts else shown


def _line(receipt: bytes, json_: bool) -> str:
    if json_:
        return receipt.decode()
    one: Told = json.loads(receipt)
    tokens = f"{one['prompt_tokens']}+{one['completion_tokens']}"
    why = one["error"] or one["reason"] or ""
    return (
        f"{one['request_id']}  {when(one['at'])}  {one['status']}  {one['total_ms'] or 0:8.0f} ms  "
        f"{tokens:>11} tokens  {one['tier'] or '-':8} {one['cache'] or '-':8} {one['path']}  {why}"
    )
