"""`hearth keys …`: who may use the appliance. Works whether or not it runs."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from serve.cli.options import AsJson, Config, Home, fail, settings_from

if TYPE_CHECKING:
    from serve.ledger.keys import Key, Keys

commands = typer.Typer(no_args_is_help=True, help="Keys: who may use the appliance.")

Name = Annotated[str, typer.Argument(help="A name for people, such as the owner's.")]
Which = Annotated[str, typer.Argument(help="Id or name of an active key.")]


@commands.command()
def create(
    name: Name,
    admin: Annotated[bool, typer.Option("--admin", help="May also manage the appliance.")] = False,
    json_: AsJson = False,
    home: Home = None,
    config: Config = None,
) -> None:
    """Make a key and show it, once: only its hash is kept."""
    if not name.strip() or len(name) > 64 or not name.isprintable():
        raise fail("The name must have 1 to 64 printable characters.")
    _show(*_keys(home, config).create(name, admin), json_)


@commands.command(name="list")
def list_(json_: AsJson = False, home: Home = None, config: Config = None) -> None:
    """List all keys that were ever made."""
    keys = _keys(home, config).all()
    if json_:
        typer.echo(json.dumps([asdict(key) for key in keys]))
        return
    for key in keys:
        made = datetime.fromtimestamp(key.created_at, UTC).strftime("%Y-%m-%d %H:%M")
        state = "active" if key.active else "revoked"
        typer.echo(f"{key.id}  {made}  {state:8} {'admin' if key.admin else 'user':6} {key.name}")


@commands.command()
def revoke(which: Which, home: Home = None, config: Config = None) -> None:
    """Revoke a key: requests that carry it are refused within a second."""
    from serve.ledger.keys import UnknownKey

    try:
        for key in _keys(home, config).revoke(which):
            typer.echo(f"Revoked {key.id} ({key.name}).")
    except UnknownKey as exc:
        raise fail(f"No active key has the id or name {which!r}: see 'hearth keys list'.") from exc


@commands.command()
def rotate(which: Which, json_: AsJson = False, home: Home = None, config: Config = None) -> None:
    """Replace a key by a new one with the same name and rights, and show that once."""
    from serve.ledger.keys import UnknownKey

    try:
        _show(*_keys(home, config).rotate(which), json_)
    except UnknownKey as exc:
        raise fail(f"No active key has the id or name {which!r}: see 'hearth keys list'.") from exc


def _show(key: "Key", text: str, json_: bool) -> None:
    if json_:
        typer.echo(json.dumps({"id": key.id, "key": text}))
    else:
        typer.echo(f"{text}\n(key {key.id} of {key.name}, shown only now)")


def _keys(home: Home, config: Config) -> "Keys":
    from serve.ledger.database import DatabaseRefused
    from serve.ledger.keys import Keys

    try:
        return Keys(settings_from(home, None, config).database)
    except DatabaseRefused as exc:
        raise fail(str(exc.args[0])) from exc
