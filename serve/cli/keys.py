"""`hearth keys …`: who may use the appliance. Works whether or not it runs."""

import json
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from serve.cli import key_groups
from serve.cli.key_rights import (
    Cache,
    Collections,
    Expires,
    Filters,
    LimitOptions,
    Models,
    Parent,
    Scopes,
    given,
    seconds,
)
from serve.cli.key_ring import key_ring, when, whoami
from serve.cli.options import AsJson, Config, Home, fail

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from serve.ledger.keys import Key

commands = typer.Typer(no_args_is_help=True, help="Keys: who may use the appliance.")
commands.add_typer(key_groups.commands, name="groups")

Name = Annotated[str, typer.Argument(help="A name for people, such as the owner's.")]
Which = Annotated[str, typer.Argument(help="Id or name of an active key.")]
Like = Annotated[
    str | None,
    typer.Option("--as", help="Id or name of a key: the new one sees and owns what that one does."),
]


@commands.command()
def create(  # noqa: PLR0913, PLR0917  (options of a command)
    name: Name,
    admin: Annotated[bool, typer.Option("--admin", help="May also manage the appliance.")] = False,
    scope: Scopes = None,
    model: Models = None,
    collection: Collections = None,
    expires: Expires = None,
    parent: Parent = None,
    cache: Cache = None,
    filters: Filters = None,
    limit: LimitOptions = None,
    like: Like = None,
    json_: AsJson = False,
    home: Home = None,
    config: Config = None,
) -> None:
    """Make a key and show it, once: only its hash is kept."""
    from serve.ledger.rights import ADMIN, Rights

    if not name.strip() or len(name) > 64 or not name.isprintable():
        raise fail("The name must have 1 to 64 printable characters.")
    asked = given(
        scopes=ADMIN.scopes if admin else scope, models=model, collections=collection,
        expires=expires, parent=parent, cache=cache, filters=filters, limits=limit,
    )  # fmt: skip
    with key_ring(home, config) as keys:
        tenant = keys.found(like)[-1].tenant if like else None
        _show(*keys.create(name, Rights(**asked), tenant, whoami()), json_)


@commands.command()
def change(  # noqa: PLR0913, PLR0917  (options of a command)
    which: Which,
    scope: Scopes = None,
    model: Models = None,
    collection: Collections = None,
    expires: Expires = None,
    parent: Parent = None,
    cache: Cache = None,
    filters: Filters = None,
    limit: LimitOptions = None,
    home: Home = None,
    config: Config = None,
) -> None:
    """Give a key other rights or limits; what is not named stays."""
    asked = given(
        scopes=scope, models=model, collections=collection, expires=expires, parent=parent,
        cache=cache, filters=filters, limits=limit,
    )  # fmt: skip
    with key_ring(home, config) as keys:
        for key in keys.change(which, asked, whoami()):
            typer.echo(f"Changed {key.id} ({key.name}).")


@commands.command(name="list")
def list_(json_: AsJson = False, home: Home = None, config: Config = None) -> None:
    """List all keys that were ever made."""
    with key_ring(home, config) as keys:
        every = keys.all()
    if json_:
        typer.echo(json.dumps([key.described(time.time()) for key in every]))
        return
    for key in every:
        scopes = "admin" if key.admin else ",".join(key.rights.scopes)
        state, made = key.state(time.time()), when(key.created_at)
        typer.echo(
            f"{key.id}  {made}  {state:8} {scopes:18} {key.rights.parent or '-':12} {key.name}"
        )


@commands.command()
def revoke(which: Which, home: Home = None, config: Config = None) -> None:
    """Revoke a key: requests that carry it are refused within a second."""
    with key_ring(home, config) as keys:
        for key in keys.revoke(which, whoami()):
            typer.echo(f"Revoked {key.id} ({key.name}).")


@commands.command()
def rotate(
    which: Which,
    overlap: Annotated[str, typer.Option(help="How long the old one stays good: 1h, 7d.")] = "0s",
    json_: AsJson = False,
    home: Home = None,
    config: Config = None,
) -> None:
    """Replace a key by a new one with the same name and rights, and show that once."""
    with key_ring(home, config) as keys:
        _show(*keys.rotate(which, seconds(overlap), whoami()), json_)


@commands.command()
def audit(
    most: Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")] = 50,
    json_: AsJson = False,
    home: Home = None,
    config: Config = None,
) -> None:
    """Tell who did what to keys and groups, and when."""
    with key_ring(home, config) as keys:
        acts = keys.acts(most)
    if json_:
        typer.echo(json.dumps([asdict(act) for act in acts]))
        return
    for act in acts:
        typer.echo(
            f"{when(act.at)}  {act.actor:16} {act.act:13} {act.target}  {_told(act.details)}"
        )


def _told(details: "Mapping[str, Any]") -> str:
    return " ".join(f"{name}={json.dumps(value)}" for name, value in details.items())


def _show(key: "Key", text: str, json_: bool) -> None:
    if json_:
        typer.echo(json.dumps({"id": key.id, "key": text}))
    else:
        typer.echo(f"{text}\n(key {key.id} of {key.name}, shown only now)")
