"""`hearth quality …`: whether answers to the owner's golden questions are as good as before."""

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from serve.cli.docs_access import Access, reaching
from serve.cli.key_ring import when
from serve.cli.options import AsJson, fail

if TYPE_CHECKING:
    from serve.cli.docs_client import DocsClient

commands = typer.Typer(no_args_is_help=True, help="Golden questions: are answers still good?")

URL: Final = "/admin/quality"
LIFETIME: Final = 7200.0  # seconds of the key that a command makes for itself
LOOK: Final = 0.5  # seconds between looks at a run

Told = dict[str, Any]
Wait = Annotated[float, typer.Option(min=0, help="Seconds to wait for its end.")]


@commands.command()
@reaching
def run(reach: Access, wait: Wait = 3600, json_: AsJson = False) -> None:
    """Ask all questions, once nobody else is answered, and show what came of it.

    Exit code 1 when answers have become worse, or the questions cannot be asked.
    """
    with reach.client("quality", LIFETIME) as client:
        client.ask("POST", URL)
        found = _ended(client, time.monotonic() + wait)
    _tell(found, json_)
    if found["trouble"] or found["worse"]:
        raise typer.Exit(1)


@commands.command()
@reaching
def show(reach: Access, json_: AsJson = False) -> None:
    """Show the last run, and the runs before it."""
    with reach.client("quality", LIFETIME) as client:
        _tell(client.ask("GET", URL), json_)


@commands.command()
@reaching
def forget(reach: Access) -> None:
    """Forget all runs: after a change that you meant, the next run is the new measure."""
    with reach.client("quality", LIFETIME) as client:
        typer.echo(f"{client.ask('DELETE', URL)['runs']} runs are forgotten.")


@commands.command()
def check(file: Annotated[Path, typer.Argument(help="One JSON object a line.")]) -> None:
    """Say whether a file of golden questions is right."""
    from serve.quality.golden import GoldenRefused, read_golden

    try:
        golden = read_golden(file)
    except GoldenRefused as exc:
        raise fail(exc.args[0]) from exc
    sets = ", ".join(sorted({one.set for one in golden}))
    typer.echo(f"{len(golden)} questions in {sets}.")


def _ended(client: "DocsClient", ends: float) -> Told:
    """Ends the command with exit code 1 when it is still not over then."""
    while (found := client.ask("GET", URL))["wished"] or found["running"]:
        if time.monotonic() >= ends:
            raise fail("The questions are not all asked yet: see 'hearth quality show'.")
        time.sleep(LOOK)
    return found


def _tell(found: Told, json_: bool) -> None:
    if json_:
        typer.echo(json.dumps(found))
        return
    for line in _lines(found):
        typer.echo(line)


def _lines(found: Told) -> list[str]:
    told = [f"trouble  {found['trouble']}"] if found["trouble"] else []
    told += [f"running  {found['running']}"] if found["running"] else []
    for run in found["runs"]:
        told += [
            f"{when(run['began'])}  {run['why']:8} {name:16} {_trend(trend)}"
            for name, trend in run["sets"].items()
        ]
    told += [
        f"{'not asked' if one['passed'] is None else 'failed':9} {one['question'][:60]}: "
        f"{one['why']}"
        for one in found["questions"]
        if not one["passed"]
    ]
    return told or ["The golden questions were never asked."]


def _trend(trend: Told) -> str:
    worse = f"  WORSE (p = {trend['chance']:.4f})" if trend["dropped"] else ""
    return f"{_percent(trend['share'])}, before {_percent(trend['before'])}{worse}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"
