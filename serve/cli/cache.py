"""`hearth cache …`: the kept answers of a running appliance, seen and emptied."""

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from serve.cli.docs_access import Access, reaching
from serve.cli.key_rights import seconds
from serve.cli.options import FAILED, AsJson

if TYPE_CHECKING:
    from serve.cli.docs_client import DocsClient

commands = typer.Typer(no_args_is_help=True, help="Kept answers: see what they save, empty them.")

URL: Final = "/admin/cache"
LIFETIME: Final = 600.0  # seconds of the key that a command makes for itself
SHOWN: Final = 5  # entries that a flush shows before it asks

Told = dict[str, Any]
Tenant = Annotated[
    str | None, typer.Option(help="Of this one only: its id, or id or name of a key of it.")
]
Model = Annotated[str | None, typer.Option(help="Answers of this model only.")]
Collection = Annotated[
    str | None, typer.Option(help="From documents of this collection only, by name or id.")
]
OlderThan = Annotated[str | None, typer.Option(help="Older than this only, such as 90s, 15m, 1h.")]


@commands.command()
@reaching
def stats(reach: Access, json_: AsJson = False) -> None:
    """Show how much is kept, how often it was asked for, and what that saved."""
    with reach.client("cache", LIFETIME) as client:
        found = client.ask("GET", URL)
    typer.echo(json.dumps(found) if json_ else "\n".join(_lines(found)))


@commands.command()
@reaching
def inspect(  # noqa: PLR0913, PLR0917  (options of a command)
    reach: Access,
    tenant: Tenant = None,
    model: Model = None,
    collection: Collection = None,
    older_than: OlderThan = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Show at most so many.")] = 20,
    json_: AsJson = False,
) -> None:
    """List kept answers, the newest first: whose, of what, how old; never what they say."""
    with reach.client("cache", LIFETIME) as client:
        scope = _scope(client, tenant, model, collection, older_than)
        found = client.ask("GET", f"{URL}/entries", scope | {"limit": limit})
    if json_:
        typer.echo(json.dumps(found["data"]))
        return
    _show(found["data"])
    if found["has_more"]:
        typer.echo(f"and more: --limit shows more than {limit}")


@commands.command()
@reaching
def flush(  # noqa: PLR0913, PLR0917  (options of a command)
    reach: Access,
    tenant: Tenant = None,
    model: Model = None,
    collection: Collection = None,
    older_than: OlderThan = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
    json_: AsJson = False,
) -> None:
    """Forget kept answers: all, or those that every option fits. Shows first what would go.

    Where nobody can be asked, nothing goes without --yes, and the exit code is 1.
    """
    with reach.client("cache", LIFETIME) as client:
        scope = _scope(client, tenant, model, collection, older_than)
        found = client.ask("DELETE", URL, scope | {"dry_run": "true"})
        if not json_:
            _announce(client, scope, found["entries"])
        wanted = found["entries"] > 0 and (yes or (not json_ and _confirmed()))
        if wanted:
            found = client.ask("DELETE", URL, scope)
    if json_:
        typer.echo(json.dumps(found))
    elif wanted:
        typer.echo(f"{found['entries']} kept answers are gone.")
    if found["entries"] and not wanted:
        raise typer.Exit(FAILED)


def _scope(
    client: "DocsClient",
    tenant: str | None,
    model: str | None,
    collection: str | None,
    older_than: str | None,
) -> dict[str, str | float]:
    """As a query. A collection that is gone can be named by its id."""
    known = client.find(collection) if collection else None
    asked = {
        "tenant": tenant,
        "model": model,
        "collection": known["id"] if known else collection,
        "older_than": None if older_than is None else seconds(older_than),
    }
    return {name: value for name, value in asked.items() if value is not None}


def _announce(client: "DocsClient", scope: dict[str, str | float], count: int) -> None:
    if not count:
        typer.echo("There is nothing to forget.")
        return
    page = client.ask("GET", f"{URL}/entries", scope | {"limit": SHOWN})
    _show(page["data"])
    more = f", of which {len(page['data'])} are shown" if page["has_more"] else ""
    typer.echo(f"{count} kept answers would go{more}.")


def _confirmed() -> bool:
    if sys.stdin.isatty():
        return typer.confirm("Forget them?")
    typer.echo("Nothing was forgotten: say --yes.", err=True)
    return False


def _show(entries: list[Told]) -> None:
    for one in entries:
        whose = one["name"] or one["tenant"]
        of = " ".join([one["model"], *one["collections"]])
        typer.echo(
            f"{one['id'][:12]}  {whose:24} {one['age']:8.0f} s {one['bytes']:8} bytes  "
            f"given again {one['given_again']:4} times  {of}"
        )


def _lines(found: Told) -> list[str]:
    asked, questions = found["requests"], found["questions"]
    again = sum(asked.get(verdict, 0) for verdict in ("hit", "similar", "joined"))
    total = again + asked.get("miss", 0)
    each = found["bytes_per_entry"]
    told = [
        f"kept      {found['entries']} answers, {_size(found['bytes'])} of "
        f"{_size(found['most_bytes'])}" + (f", {each} bytes each" if each else ""),
        f"requests  {total}, of which {again} were given a kept answer or one under way "
        f"({', '.join(f'{name} {count}' for name, count in sorted(asked.items())) or 'none'})",
        f"saved     {found['tokens_saved']} tokens, {found['milliseconds_saved'] / 1000:.1f} s of "
        "generation",
    ]
    if questions["most_bytes"]:
        told.append(f"similar   {questions['entries']} questions, {_size(questions['bytes'])}")
    if found["file"]:
        trouble = found["file"]["trouble"] or "well"
        told.append(f"file      {found['file']['waiting']} changes wait; {trouble}")
    return told


def _size(count: int) -> str:
    return f"{count / 1_000_000:.1f} MB"
