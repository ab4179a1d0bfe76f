"""`hearth what-if`: past requests under another configuration, before anything is changed."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from serve.cli.key_rights import seconds
from serve.cli.key_ring import key_ring, when
from serve.cli.options import AsJson, Home, fail, settings_from
from serve.cli.receipts import receipts_file

if TYPE_CHECKING:
    from serve.config import Settings
    from serve.replay.comparison import Comparison
    from serve.replay.gate import Caller

# Fields of a summary, what they are called, and how they are written.
ROWS: Final = (
    ("hit_rate", "given again", "{:.1%}"),
    ("by_limit", "refused by limits", "{}"),
    ("by_admission", "refused by admission", "{}"),
    ("no_model", "no such model", "{}"),
    ("cost", "cost", "{:.4f}"),
    ("energy", "energy, Wh", "{:.3f}"),
    ("ttft_p50", "first token p50, s", "{:.3f}"),
    ("ttft_p95", "first token p95, s", "{:.3f}"),
    ("total_p50", "whole answer p50, s", "{:.3f}"),
    ("total_p95", "whole answer p95, s", "{:.3f}"),
)


def what_if(
    config: Annotated[Path, typer.Option(help="The configuration file that is thought of.")],
    since: Annotated[str, typer.Option(help="Requests of the last 12h or 7d.")] = "1d",
    json_: AsJson = False,
    home: Home = None,
) -> None:
    """Replay past requests under another configuration, and show what would differ.

    Routing, kept answers, limits and admission are simulated, with the configuration in force and
    with CONFIG; nothing is asked of any engine, and nothing is changed.
    """
    from serve.policy.difficulty import trained
    from serve.replay.comparison import compared
    from serve.replay.line import UnknownSpeed

    old, new = settings_from(home, None, None), settings_from(home, None, config)
    span = seconds(since)
    try:
        told = _receipts(home, time.time() - span)
        found = compared(told, old, new, lambda s: _callers(home, s), trained().threshold)
    except UnknownSpeed as exc:
        raise fail(
            f"tiers.{exc.args[0]}: it would be asked, but answered nothing in this time, so that "
            "nobody knows how fast it is. Take a longer --since, or another configuration."
        ) from exc
    if found is None:
        raise fail(f"No request of the last {since} can be replayed: see receipts.enabled.")
    if json_:
        typer.echo(json.dumps(_object(found)))
    else:
        _show(found)


def _receipts(home: Home, first: float) -> Iterator[Mapping[str, Any]]:
    from serve.receipt import id_at

    with receipts_file(home, None) as db:
        query = "SELECT receipt FROM receipts WHERE id >= ? ORDER BY id"
        for (receipt,) in db.execute(query, (id_at(first),)):
            yield json.loads(receipt)


def _callers(home: Home, settings: "Settings") -> "dict[str, Caller]":
    """By key id, those of keys that are no more, too."""
    from serve.ledger.groups import chain
    from serve.ledger.payers import payers
    from serve.replay.gate import Caller

    with key_ring(home, None) as keys:
        groups = keys.groups.all()
        return {
            key.id: Caller(
                payers(key, chain(groups, key.rights.parent), settings.quotas.keys),
                None if key.rights.models is None else tuple(key.rights.models),
            )
            for key in keys.all()
        }


def _object(found: "Comparison") -> dict[str, Any]:
    from serve.replay.comparison import NOTES

    said = asdict(found)
    for name in ("really", "now", "then"):
        said[name]["hit_rate"] = getattr(found, name).hit_rate
    return {**said, "notes": NOTES}


def _show(found: "Comparison") -> None:
    from serve.replay.comparison import NOTES

    typer.echo(
        f"{found.really.requests} requests from {when(found.first)} to {when(found.last)} UTC; "
        f"{found.left_out} left out, {found.unguessed} of unknown difficulty"
    )
    _line("", "really", "simulated", "with CONFIG", "difference")
    for tier in sorted({*found.really.tiers, *found.now.tiers, *found.then.tiers}):
        counts = [each.tiers.get(tier, 0) for each in (found.really, found.now, found.then)]
        _row(f"requests to {tier}", counts, "{}")
    for name, words, form in ROWS:
        values = [getattr(each, name) for each in (found.really, found.now, found.then)]
        if any(values) or name not in ("no_model", "cost", "energy"):
            _row(words, values, form)
    typer.echo()
    for tier, rates in found.rates.items():
        typer.echo(
            f"{tier}: {rates.start:.3f} s to begin, {rates.prompt * 1000:.3f} ms a prompt token, "
            f"{rates.output * 1000:.2f} ms a token, by {rates.answers} answers"
        )
    for note in NOTES:
        typer.echo(f"- {note}")


def _row(words: str, values: list[Any], form: str) -> None:
    _, now, then = values
    sign = "+" if then > now else ""
    _line(words, *(form.format(value) for value in values), sign + form.format(then - now))


def _line(*cells: str) -> None:
    first, *rest = cells
    typer.echo(f"{first:24}" + "".join(f"{cell:>13}" for cell in rest))
