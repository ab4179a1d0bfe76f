"""What `hearth bench` tells: a line as it goes, tables at the end, files."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from serve.bench.report import Report
    from serve.bench.run import Round

SECRETS = ("--key", "--against-key")


def progress(one: "Round") -> None:
    figures = one.outcome.figures
    words = f"{figures['output_tokens_per_s']:.1f} tokens/s"
    if (ttft := figures.get("ttft_p50")) is not None:
        words += f", TTFT p50 {1000 * ttft:.0f} ms"
    typer.echo(f"{one.target}, {one.level}, round {one.number + 1}: {words}", err=True)


def tell(report: "Report", out: Path) -> None:
    from serve.bench.page import page
    from serve.bench.report import as_text
    from serve.bench.summary import targets_of

    for target in targets_of(report.found):
        typer.echo(f"\n{target}\n{as_text(report.table(target))}")
    if comparison := report.comparison():
        first, second = targets_of(report.found)[:2]
        typer.echo(f"\n{first} as a multiple of {second}\n{as_text(comparison)}")
    typer.echo("\n" + "\n".join(report.remarks()))
    out.mkdir(parents=True, exist_ok=True)
    (out / "report.json").write_text(json.dumps(report.as_json(), indent=2) + "\n")
    (out / "report.html").write_text(page(report))
    typer.echo(f"Written: {out / 'report.json'}, {out / 'report.html'}")


def without_secrets(arguments: list[str]) -> list[str]:
    """Values of `--key …` and `--key=…` are hidden."""
    shown = []
    for before, argument in zip(["", *arguments], arguments, strict=False):
        option, equals, _ = argument.partition("=")
        hidden = before in SECRETS or (equals and option in SECRETS)
        shown.append((f"{option}=…" if equals else "…") if hidden else argument)
    return shown
