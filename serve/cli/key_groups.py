"""`hearth keys groups …`: teams, people and programs that keys count for."""

import json
import time
from typing import Annotated

import typer

from serve.cli.key_rights import LimitOptions, Parent, given
from serve.cli.key_ring import key_ring, whoami
from serve.cli.options import AsJson, Config, Home

commands = typer.Typer(
    no_args_is_help=True, help="Groups: what keys count for, with limits of their own."
)

Name = Annotated[str, typer.Argument(help="The group's name.")]
Kind = Annotated[str, typer.Option(help="team, person or program.")]


@commands.command(name="put")
def put(  # noqa: PLR0913, PLR0917  (options of a command)
    name: Name,
    kind: Kind = "team",
    parent: Parent = None,
    limit: LimitOptions = None,
    home: Home = None,
    config: Config = None,
) -> None:
    """Make a group, or change it: all of it is as the options say."""
    from serve.ledger.groups import Group

    asked = given(parent=parent, limits=limit)
    with key_ring(home, config) as keys:
        group = Group(name=name, kind=kind, created_at=time.time(), **asked)
        keys.groups.put(group, whoami())
    typer.echo(f"The group {name} counts.")


@commands.command(name="list")
def list_(json_: AsJson = False, home: Home = None, config: Config = None) -> None:
    """List all groups with their limits."""
    with key_ring(home, config) as keys:
        groups = [group.model_dump(mode="json") for group in keys.groups.all().values()]
    if json_:
        typer.echo(json.dumps(groups))
        return
    for group in groups:
        limits = json.dumps(group["limits"])
        typer.echo(f"{group['name']:20} {group['kind']:8} {group['parent'] or '-':20} {limits}")


@commands.command(name="remove")
def remove(name: Name, home: Home = None, config: Config = None) -> None:
    """Remove a group that no key counts for any more."""
    with key_ring(home, config) as keys:
        keys.groups.remove(name, whoami())
    typer.echo(f"Removed {name}.")
