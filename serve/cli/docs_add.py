"""What `hearth docs add` shows while it works, and how it follows a folder."""

import json
import signal
import sys
from typing import Final

import typer

from serve.cli.docs_sync import Outcome, Sync, counted
from serve.cli.progress import count_bar, progress_bar

TURN: Final = 1000  # milliseconds that the watch waits for changes
LOOK_AGAIN: Final = 60  # turns until all is looked at again: some file systems tell no changes


def add_once(sync: Sync, json_: bool) -> bool:
    """Whether nothing was refused."""
    outcome = _round(sync)
    if json_:
        typer.echo(json.dumps({"collection": sync.store, **outcome.as_json()}))
    else:
        _tell(outcome)
    return not outcome.failed


def follow(sync: Sync, json_: bool) -> None:
    """Until it is interrupted; a line (of JSON) for each round in which something changed."""
    from watchfiles import watch

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    turns = watch(
        *sync.paths,
        watch_filter=None,
        rust_timeout=TURN,
        yield_on_timeout=True,
        raise_interrupt=False,
    )
    for turn, changes in enumerate(turns):
        if not changes and turn % LOOK_AGAIN:  # the first turn sees what came before the watch
            continue
        outcome = _round(sync)
        if not (outcome.added or outcome.deleted or outcome.failed):
            continue
        if json_:
            typer.echo(json.dumps({"collection": sync.store, **outcome.as_json()}))
        else:
            _tell(outcome)


def _round(sync: Sync) -> Outcome:
    with progress_bar("Sending") as sent:
        outcome = sync.send(sent)
    with count_bar("Reading") as done:
        sync.wait(outcome, done)
    return outcome


def _tell(outcome: Outcome) -> None:
    parts = [f"{len(outcome.added)} added", f"{len(outcome.unchanged)} unchanged"]
    if outcome.deleted:
        parts.append(f"{len(outcome.deleted)} removed")
    if outcome.failed:
        parts.append(f"{len(outcome.failed)} refused")
    typer.echo(", ".join(parts) + ".")
    if outcome.skipped:
        typer.echo(f"Skipped: {counted(outcome.skipped)}.")
    for name, why in outcome.failed.items():
        typer.echo(f"{name}: {why}", err=True)
