"""`hearth docs embedder`: what made the vectors of collections, and the way back to former ones."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serve.cli.docs_access import Access, Some, reaching
from serve.cli.options import FAILED, AsJson

if TYPE_CHECKING:
    from serve.cli.docs_client import DocsClient

Told = dict[str, Any]


@reaching
def embedder(
    reach: Access,
    collection: Some = None,
    back: Annotated[
        bool, typer.Option("--back", help="Go back to the former vectors, or say how.")
    ] = False,
    confirm: Annotated[
        bool, typer.Option("--confirm", help="Forget the former vectors: their room is free again.")
    ] = False,
    json_: AsJson = False,
) -> None:
    """Show which embedder made the vectors of each collection, and how far a new one is.

    With another embedder in the configuration every collection is embedded again. Its former
    vectors are kept until --confirm, or until a third embedder takes over. The way back is to
    configure the former embedder again and to restart: the collections use their former vectors at
    once, and only what was added meanwhile is embedded. --back does the same where the former
    embedder runs already. Exit code 1 when a collection could not go back, or had nothing to
    forget.
    """
    if back and confirm:
        raise typer.BadParameter("Either --back or --confirm.")
    with reach.client() as client:
        stores = client.chosen(collection)
        fine = True
        if back or confirm:
            change = client.use_former_embedder if back else client.forget_former_embedder
            fine = _changed(stores, change)
        found = [_standing(client, store) for store in stores]
    if json_:
        typer.echo(json.dumps(found))
    else:
        for one in found:
            typer.echo("\n".join(_lines(one)))
    if not fine:
        raise typer.Exit(FAILED)


def _changed(stores: list[Told], change: Callable[[str], None]) -> bool:
    """Whether all could be; says why not."""
    from serve.cli.docs_client import DocsRefused

    fine = True
    for store in stores:
        try:
            change(store["id"])
        except DocsRefused as exc:
            typer.echo(f"{store['name']}: {exc}", err=True)
            fine = False
    return fine


def _standing(client: "DocsClient", store: Told) -> Told:
    return client.embedder(store["id"]) | {"collection": store["name"]}


def _lines(found: Told) -> Iterator[str]:
    current, *others = found["sets"]
    since = datetime.fromtimestamp(current["since"]).astimezone()
    yield f"{found['collection']:24} {current['embedder']} since {since:%Y-%m-%d %H:%M}"
    if current["recall"] is not None:
        yield f"  {_judged(current)} at the change"
    if current["embedder"] != found["asking"]:
        yield f"  questions are embedded by {found['asking']}: searched by words alone meanwhile"
    for other in others:
        yield f"  {_other(other, found)}"


def _other(other: Told, found: Told) -> str:
    share = f"{other['passages']} of {found['passages']} passages"
    if other["use"] == "former" and other["embedder"] != found["asking"]:
        return f"kept, of before: {other['embedder']}, {share} (see --back, --confirm)"
    if other["recall"] is not None and other["use"] == "coming":
        return f"not taken: {other['embedder']}, {_judged(other)}"
    return f"on its way: {other['embedder']}, {share}"


def _judged(vectors: Told) -> str:
    return f"found {vectors['recall']:.0%} of sampled passages by their own first words"
