"""`hearth docs search` and `hearth docs eval`: what a collection answers with, and how well."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from serve.cli.docs_access import Access, Collection, reaching
from serve.cli.options import AsJson, fail

if TYPE_CHECKING:
    from serve.cli.docs_judging import Verdict

EXCERPT: Final = 300  # characters of a passage


@reaching
def search(
    reach: Access,
    question: Annotated[str, typer.Argument(help="What to look for.")],
    collection: Collection,
    results: Annotated[int, typer.Option(min=1, max=50, help="Passages, at most.")] = 5,
    json_: AsJson = False,
) -> None:
    """Find passages, with the scores of every stage that led to them."""
    with reach.client() as client:
        found = client.search(client.collection(collection)["id"], question, results)
    if json_:
        typer.echo(json.dumps(found))
        return
    for place, hit in enumerate(found["data"], 1):
        typer.echo("\n".join(_lines(place, hit)))
    for note in found["notes"]:
        typer.echo(note, err=True)
    spent = ", ".join(f"{stage} {ms:.1f} ms" for stage, ms in found["timings"].items())
    typer.echo(f"{len(found['data'])} passages ({spent})")


def _lines(place: int, hit: dict[str, Any]) -> list[str]:
    page = f", page {hit['page']}" if hit["page"] is not None else ""
    headings = f" - {' > '.join(hit['headings'])}" if hit["headings"] else ""
    text = " ".join(hit["content"][0]["text"].split())
    stages = "  ".join(f"{stage} {score:.3f}" for stage, score in hit["stages"].items())
    shown = text if len(text) <= EXCERPT else f"{text[: EXCERPT - 1]}…"
    return [
        f"{place}. {hit['score']:.2f}  {hit['filename']}{page}{headings}",
        f"   {shown}",
        f"   {stages}",
        "",
    ]


@reaching
def eval_(
    reach: Access,
    questions: Annotated[
        Path,
        typer.Option(
            help='JSON lines: {"question": …, "document": name or list, optional "quote": …}.',
            exists=True,
            dir_okay=False,
        ),
    ],
    collection: Collection,
    json_: AsJson = False,
) -> None:
    """Judge a collection by questions whose documents are known.

    Recall and nDCG at 10, MRR and latency; by stage, as far as stages saw what was found.
    """
    from serve.cli.docs_judging import QuestionsRefused, judged_by, read_questions
    from serve.cli.progress import count_bar

    try:
        asked = read_questions(questions)
        with reach.client() as client, count_bar("Asking") as done:
            store = client.collection(collection)["id"]
            verdict = judged_by(asked, lambda text: client.search(store, text, 50), done)
    except QuestionsRefused as exc:
        raise fail(str(exc)) from exc
    _tell(verdict, json_)


def _tell(verdict: "Verdict", json_: bool) -> None:
    if json_:
        typer.echo(json.dumps(verdict.as_json()))
        return
    typer.echo(f"{'stage':12} {'recall@10':>10} {'nDCG@10':>10} {'MRR':>10}")
    for stage, measured in verdict.stages.items():
        values = (measured[name] for name in ("recall@10", "ndcg@10", "mrr"))
        typer.echo(f"{stage:12} " + " ".join(f"{value:10.3f}" for value in values))
    if verdict.quotes is not None:
        typer.echo(f"quoted passage among the first 5: {verdict.quotes:.3f}")
    times = ", ".join(f"{name} {ms:.1f} ms" for name, ms in verdict.latency.items())
    typer.echo(f"{verdict.questions} questions; {times}")
