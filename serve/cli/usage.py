"""`hearth usage`: who used how much, and what it cost. Works whether or not the appliance runs."""

import csv
import json
import sys
import time
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from serve.cli.key_rights import seconds
from serve.cli.key_ring import key_ring, when
from serve.cli.options import AsJson, Config, Home, settings_from
from serve.cli.receipts import receipts_file

if TYPE_CHECKING:
    from serve.receipts.usage import Machine, Usage

HEADS: Final = {
    "requests": 9, "again": 7, "refused": 8, "failed": 7, "input": 11, "cached": 11, "output": 11,
    "saved": 11, "money": 10, "energy": 10,
}  # fmt: skip


def usage(  # noqa: PLR0913, PLR0917  (options of a command)
    by: Annotated[
        Literal["key", "tenant", "model", "tier", "route", "day"], typer.Option(help="Rows.")
    ] = "key",
    since: Annotated[str, typer.Option(help="Of the last 12h or 7d, in whole hours.")] = "7d",
    json_: AsJson = False,
    csv_: Annotated[bool, typer.Option("--csv", help="Print a table for programs.")] = False,
    home: Home = None,
    config: Config = None,
) -> None:
    """Add up requests, tokens, money and energy (watt-hours), and what the machine took."""
    from serve.receipts.usage import Span, as_object
    from serve.receipts.usage import usage as added_up

    settings = settings_from(home, None, config)
    local = [name for name, tier in settings.tiers.items() if not tier.remote]
    with receipts_file(home, config) as db:
        found = added_up(db, by, Span(time.time() - seconds(since)), local, settings.cost)
    told = as_object(found, by, _names(home, config) if by == "key" else {})
    if json_:
        typer.echo(json.dumps(told))
    elif csv_:
        _write_table(told["rows"], by)
    else:
        _show(found, told["rows"], by)


def _names(home: Home, config: Config) -> dict[str, str]:
    with key_ring(home, config) as keys:
        return {key.id: key.name for key in keys.all()}


def _write_table(rows: list[dict[str, Any]], by: str) -> None:
    writer = csv.DictWriter(sys.stdout, list(rows[0]) if rows else [by])
    writer.writeheader()
    writer.writerows(rows)


def _show(found: "Usage", rows: list[dict[str, Any]], by: str) -> None:
    typer.echo(f"since {when(found.since)} UTC")
    typer.echo(f"{by:24}" + "".join(f"{head:>{width}}" for head, width in HEADS.items()))
    for row in rows:
        name = " ".join(filter(None, (row[by], row.get("name")))) or "-"
        typer.echo(f"{name:24}" + _cells(row))
    typer.echo(f"{'total':24}" + _cells(found.total._asdict()))
    if found.machine is not None:
        _show_machine(found.machine)


def _cells(row: dict[str, Any]) -> str:
    return "".join(
        f"{row[head]:>{width}.4f}" if isinstance(row[head], float) else f"{row[head]:>{width}}"
        for head, width in HEADS.items()
    )


def _show_machine(machine: "Machine") -> None:
    busy_energy, busy_money = (
        machine.energy - machine.idle_energy,
        machine.money - machine.idle_money,
    )
    typer.echo(
        f"the machine: {machine.energy:.1f} Wh and {machine.money:.4f} in "
        f"{machine.seconds / 3600:.1f} h; busy {machine.busy / machine.seconds:.1%}: "
        f"{busy_energy:.1f} Wh, {busy_money:.4f}; idle: {machine.idle_energy:.1f} Wh, "
        f"{machine.idle_money:.4f}"
    )
