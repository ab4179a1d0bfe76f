"""`hearth models …`: what can answer, where it comes from, and whether it fits."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serve.cli.options import FAILED, AsJson, Config, Home, fail, settings_from
from serve.cli.progress import progress_bar

if TYPE_CHECKING:
    from models.memory.plan import Room
    from models.store.store import Entry, Store

commands = typer.Typer(no_args_is_help=True, help="Models: get, check and plan them.")

GB = 1e9
NO_GPU = -1

Name = Annotated[str, typer.Argument(help="Name of a model: see 'hearth models list'.")]
Own = Annotated[str | None, typer.Option("--name", help="What to call it.", show_default=False)]


@commands.command(name="list")
def list_(json_: AsJson = False, home: Home = None, config: Config = None) -> None:
    """List the models that are here or on their way, and those that the tiers want.

    States: absent, downloading, ready, loading, serving, failed.
    """
    from serve.supervisor.model_states import entries_of

    with _errors():
        entries = entries_of(settings_from(home, None, config))
    if json_:
        typer.echo(json.dumps([asdict(entry) for entry in entries]))
        return
    for entry in entries:
        size = f"{entry.manifest.size / GB:.1f} GB" if entry.manifest else ""
        source = entry.manifest.source if entry.manifest else ""
        about = "  ".join(part for part in (source, entry.detail) if part)
        typer.echo(f"{entry.name:32} {entry.state:12} {size:>9}  {about}")


@commands.command()
def pull(  # noqa: PLR0913, PLR0917  (options of a command)
    repository: Annotated[str, typer.Argument(help="Repository on the Hugging Face Hub.")],
    file: Annotated[
        str | None,
        typer.Option(help="The GGUF file to take, where there are several.", show_default=False),
    ] = None,
    revision: Annotated[str, typer.Option(help="Branch, tag or commit.")] = "main",
    name: Own = None,
    json_: AsJson = False,
    home: Home = None,
    config: Config = None,
) -> None:
    """Download a model from the Hugging Face Hub; again after a break, it goes on.

    Only safetensors and GGUF, never code. Every file is compared with the Hub's hash. HF_ENDPOINT
    names a mirror; HF_TOKEN, or 'hf auth login', opens what is private or gated.
    """
    from models.store.hub import Hub
    from models.store.pull import Wanted, pull

    wanted = Wanted(repository, revision, file, name)
    with _errors(), Hub() as hub, progress_bar(f"Pulling {repository}") as progress:
        entry = pull(_store(home, config), hub, wanted, progress)
    _show(entry, json_)


@commands.command()
def add(
    source: Annotated[Path, typer.Argument(help="A GGUF file, or a folder with safetensors.")],
    name: Own = None,
    json_: AsJson = False,
    home: Home = None,
    config: Config = None,
) -> None:
    """Take a model from this machine; its files are linked where that is possible."""
    with _errors(), progress_bar(f"Adding {source.name}") as progress:
        entry = _store(home, config).add(source, name, progress)
    _show(entry, json_)


@commands.command()
def verify(name: Name, json_: AsJson = False, home: Home = None, config: Config = None) -> None:
    """Read every byte of a model again and compare. Exit code 1 when it was altered."""
    with _errors(), progress_bar(f"Verifying {name}") as progress:
        entry = _store(home, config).verify(name, progress)
    _show(entry, json_)


@commands.command()
def remove(name: Name, home: Home = None, config: Config = None) -> None:
    """Remove a model, or what is left of an interrupted pull."""
    from serve.supervisor.model_states import entries_of

    with _errors():
        states = {
            entry.name: entry.state for entry in entries_of(settings_from(home, None, config))
        }
        if states.get(name) in ("serving", "loading"):
            raise fail(f"The appliance uses {name}: stop it first, with 'hearth down'.")
        _store(home, config).remove(name)
    typer.echo(f"Removed {name}.")


@commands.command()
def plan(  # noqa: PLR0913, PLR0917  (options of a command)
    model: Annotated[str, typer.Argument(help="Name of a model, or a path to one.")],
    context: Annotated[
        int | None, typer.Option(min=1, help="Tokens of prompt and answer.", show_default=False)
    ] = None,
    concurrency: Annotated[
        int | None, typer.Option(min=1, help="Answers at the same time.", show_default=False)
    ] = None,
    kv_bits: Annotated[
        float | None,
        typer.Option(
            min=1,
            max=32,
            help="Of a number in the KV cache. Default: GGUF 8.5, safetensors 16",
            show_default=False,
        ),
    ] = None,
    gpu: Annotated[
        int | None,
        typer.Option(
            min=-1,
            help="Which GPU; -1: none, the machine. Default: the first, if any",
            show_default=False,
        ),
    ] = None,
    json_: AsJson = False,
    home: Home = None,
    config: Config = None,
) -> None:
    """Say whether a model fits into the memory that is free now, and with how much context.

    Exit code 1 when it does not fit.
    """
    from models.memory.footprint import footprint
    from models.memory.plan import plan
    from serve.capacity import words_of
    from serve.supervisor.model_states import path_of

    with _errors():
        path = path_of(settings_from(home, None, config), model)
        found = plan(
            footprint(path, kv_bits), _room(gpu), context_length=context, concurrency=concurrency
        )
    if json_:
        typer.echo(json.dumps(asdict(found) | {"lacking": found.lacking}))
    else:
        typer.echo("\n".join(words_of(found)))
    if found.lacking:
        raise typer.Exit(FAILED)


def _show(entry: "Entry", json_: bool) -> None:
    if json_:
        typer.echo(json.dumps(asdict(entry)))
    elif entry.state == "ready" and entry.manifest:
        licence = f", licence {entry.manifest.licence}" if entry.manifest.licence else ""
        typer.echo(f"{entry.name} is ready ({entry.manifest.size / GB:.2f} GB{licence}).")
    else:
        typer.echo(f"{entry.name}: {entry.detail}", err=True)
    if entry.state != "ready":
        raise typer.Exit(FAILED)


def _room(gpu: int | None) -> "Room":
    """Of the GPU asked for; by default of the first one, or of the machine where there is none."""
    from models.memory.room import of_machine
    from serve.capacity import NoGpu, room_of

    try:
        return of_machine() if gpu == NO_GPU else room_of(gpu)
    except NoGpu as exc:
        raise fail(str(exc.args[0])) from exc


@contextmanager
def _errors() -> Iterator[None]:
    """What goes wrong with a model is one line, and exit code 1."""
    from models.errors import ModelRefused
    from models.store.store import StoreError

    try:
        yield
    except (ModelRefused, StoreError) as exc:
        raise fail(str(exc.args[0])) from exc


def _store(home: Home, config: Config) -> "Store":
    from serve.weights import store_of

    return store_of(settings_from(home, None, config))
