"""The command `hearth`: one file per command group.

Commands import what they need when they run, so that `hearth --help` answers at once.
"""

import os

import typer

from serve.cli import (
    appliance,
    bench,
    cache,
    config,
    docs,
    doctor,
    keys,
    models,
    quality,
    receipts,
    route,
    usage,
    what_if,
)


def main() -> None:
    os.umask(0o077)  # what a data directory holds is for its owner only
    app = typer.Typer(
        help="Your own inference appliance: chat, an OpenAI-compatible API, on this machine.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    for command in (appliance.up, appliance.down, appliance.status, doctor.doctor):
        app.command()(command)
    app.add_typer(keys.commands, name="keys")
    app.add_typer(models.commands, name="models")
    app.add_typer(docs.commands, name="docs")
    app.add_typer(cache.commands, name="cache")
    app.add_typer(receipts.commands, name="receipts")
    app.command()(usage.usage)
    app.command()(what_if.what_if)
    app.add_typer(quality.commands, name="quality")
    app.add_typer(config.commands, name="config")
    app.command()(route.route)
    app.command()(bench.bench)
    app.command()(config.version)
    app()
