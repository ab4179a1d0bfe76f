"""Options that commands share, and the settings that they lead to."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from serve.config import Settings

Home = Annotated[
    Path | None,
    typer.Option(help="Data directory. Default: HEARTH_HOME, else ~/.hearth", show_default=False),
]
Port = Annotated[
    int | None,
    typer.Option(help="Port of API and chat. Default: HEARTH_PORT, else 8080", show_default=False),
]
Config = Annotated[
    Path | None,
    typer.Option(
        help="Configuration file. Default: HEARTH_CONFIG, else hearth.yaml in the data directory",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

FAILED = 1
MISCONFIGURED = 2


def settings_from(home: Path | None, port: int | None, config: Path | None) -> "Settings":
    """Ends the command with exit code 2 when the configuration cannot be used."""
    from serve.config import ConfigError, load

    try:
        return load(config, home=home, port=port)
    except ConfigError as exc:
        typer.echo(str(exc), err=True)
        raise typer.Exit(MISCONFIGURED) from exc


def fail(message: str) -> typer.Exit:
    """To be raised: the command ends with exit code 1 and this line."""
    typer.echo(message, err=True)
    return typer.Exit(FAILED)
