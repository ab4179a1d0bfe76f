"""`hearth docs …`: documents of a running appliance, from the command line."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serve.cli.docs_access import Access, Collection, Some, reaching
from serve.cli.docs_embedder import embedder
from serve.cli.docs_search import eval_, search
from serve.cli.options import FAILED, AsJson

if TYPE_CHECKING:
    from serve.cli.docs_client import DocsClient

commands = typer.Typer(no_args_is_help=True, help="Documents: add, find and share them.")
commands.command()(search)
commands.command(name="eval")(eval_)
commands.command()(embedder)

Which = Annotated[str, typer.Argument(help="Name or id of a collection.")]
Whom = Annotated[str, typer.Argument(help="Id or name of a key.")]


@commands.command()
@reaching
def add(
    reach: Access,
    paths: Annotated[list[Path], typer.Argument(help="Files and folders.", exists=True)],
    collection: Collection,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on: what changes there, changes here.")
    ] = False,
    json_: AsJson = False,
) -> None:
    """Add files and all that folders hold; the collection is made where there is none.

    In the collection a file is called by its path inside the folder. Unchanged files cost nothing,
    changed ones take the place of what they were. Exit code 1 when a file was refused.
    """
    from serve.cli.docs_add import add_once, follow
    from serve.cli.docs_sync import Sync

    most = reach.settings.limits.file_bytes
    with reach.client() as client:
        store = client.find(collection) or client.create(collection)
        sync = Sync(client, store["id"], paths, most)
        fine = add_once(sync, json_)
        if watch:
            follow(sync, json_)
    if not fine:
        raise typer.Exit(FAILED)


@commands.command()
@reaching
def collections(
    reach: Access,
    json_: AsJson = False,
) -> None:
    """List the collections and how much they hold."""
    with reach.client() as client:
        found = client.collections()
    if json_:
        typer.echo(json.dumps(found))
        return
    for one in found:
        counts = one["file_counts"]
        typer.echo(
            f"{one['name']:32} {counts['completed']:6} documents {one['passages']:8} passages  "
            f"{one['access']:6}  {one['id']}"
        )


@commands.command(name="list")
@reaching
def list_(
    reach: Access,
    collection: Some = None,
    json_: AsJson = False,
) -> None:
    """List the documents of a collection, or of all."""
    with reach.client() as client:
        found = [each for store in client.chosen(collection) for each in _of(client, store)]
    _tell(found, json_)


@commands.command()
@reaching
def status(
    reach: Access,
    collection: Some = None,
    json_: AsJson = False,
) -> None:
    """Show the work under way, how far it is, and what could not be read and why."""
    with reach.client() as client:
        stores = client.chosen(collection)
        states = ("in_progress", "failed")
        found = [one for s in stores for state in states for one in _of(client, s, state)]
    _tell(found, json_)


@commands.command()
@reaching
def rm(
    reach: Access,
    collection: Collection,
    names: Annotated[
        list[str] | None, typer.Argument(help="Documents, by name or id.", show_default=False)
    ] = None,
    everything: Annotated[
        bool, typer.Option("--everything", help="The collection itself, with all it holds.")
    ] = False,
) -> None:
    """Remove documents: they are in no answer from now on."""
    if bool(names) == everything:
        raise typer.BadParameter("Name documents, or --everything.")
    with reach.client() as client:
        store = client.collection(collection)["id"]
        found = _named(list(client.documents(store)), names or [])
        if everything:
            files = {each["id"] for each in client.documents(store)}
            client.delete_collection(store)
            client.forget(sorted(files))
        for document in found:
            client.delete(store, document)
    typer.echo(f"Removed {collection}." if everything else f"Removed {len(found)} documents.")


@commands.command()
@reaching
def share(
    reach: Access,
    collection: Which,
    with_: Whom,
) -> None:
    """Let another key read a collection and get answers from it."""
    with reach.client() as client:
        found = client.collection(collection)
        client.share(found["id"], with_)
    typer.echo(f"{with_} may read {found['name']}.")


@commands.command()
@reaching
def unshare(
    reach: Access,
    collection: Which,
    with_: Whom,
) -> None:
    """Let another key no longer read a collection."""
    with reach.client() as client:
        found = client.collection(collection)
        client.unshare(found["id"], with_)
    typer.echo(f"{with_} may no longer read {found['name']}.")


@commands.command()
@reaching
def cache(
    reach: Access,
    collection: Which,
    use: Annotated[str, typer.Argument(help="on or off.")],
) -> None:
    """Say whether answers from a collection may be kept; off forgets those that are."""
    if use not in ("on", "off"):
        raise typer.BadParameter("Say on or off.")
    with reach.client() as client:
        found = client.collection(collection)
        client.change(found["id"], {"cache": use})
    typer.echo(f"Answers from {found['name']} are {'kept' if use == 'on' else 'not kept'}.")


def _of(
    client: "DocsClient", store: dict[str, Any], state: str | None = None
) -> Iterator[dict[str, Any]]:
    """Its documents, each with the name of the collection."""
    for each in client.documents(store["id"], state):
        yield each | {"collection": store["name"]}


def _named(documents: list[dict[str, Any]], names: list[str]) -> list[dict[str, Any]]:
    """Raises `DocsRefused` for a name that none has."""
    from serve.cli.docs_client import DocsRefused

    found = []
    for name in names:
        matching = [d for d in documents if name in (d["name"], d["id"], d["document"])]
        if not matching:
            raise DocsRefused(f"There is no document {name!r} in it: see 'hearth docs list'.")
        found += matching
    return found


def _tell(found: list[dict[str, Any]], json_: bool) -> None:
    if json_:
        typer.echo(json.dumps(found))
        return
    for one in found:
        typer.echo(f"{one['collection']:24} {_state(one):28} {one['name']}  ({one['id']})")


def _state(document: dict[str, Any]) -> str:
    progress, status = document["progress"], document["status"]
    if status == "completed":
        return f"{document['passages']} passages"
    if status == "failed":
        return f"failed: {document['last_error']['message']}"
    if status == "in_progress" and progress["total"]:
        return f"{progress['stage']} {progress['done']}/{progress['total']}"
    return str(progress["stage"] if status == "in_progress" else status)
