"""The options of `hearth keys` that say what a key may do and use."""

import time
from typing import Annotated, Any, Final

import typer

from serve.cli.options import fail

UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
NOTHING: Final = ("none", "all", "never")

Scopes = Annotated[
    list[str] | None,
    typer.Option("--scope", help="chat, embed, ingest or admin; repeat it. Default: the first 3."),
]
Models = Annotated[
    list[str] | None, typer.Option("--model", help="Only this model; repeat it. all: every one.")
]
Collections = Annotated[
    list[str] | None,
    typer.Option("--collection", help="Only this one, by id or name; repeat it. all: every one."),
]
Expires = Annotated[str | None, typer.Option(help="When it ends, from now: 30d, 12h; never.")]
Parent = Annotated[str | None, typer.Option(help="Group that it counts for, too; none.")]
Cache = Annotated[str | None, typer.Option(help="Kept answers: on, exact (same words) or off.")]
Filters = Annotated[str | None, typer.Option(help="Policy that its requests go through; none.")]
LimitOptions = Annotated[
    list[str] | None,
    typer.Option(
        "--limit",
        help="requests, input_tokens, output_tokens, tokens (a minute), parallel, or day. and "
        "month. with tokens, money, energy: requests=60, day.tokens=100000. none: the default.",
    ),
]


def given(**options: Any) -> dict[str, Any]:
    """Fields of `Rights` from the options that were given. Ends the command where one is none."""
    asked = {name: _plain(value) for name, value in options.items() if value is not None}
    if isinstance(span := asked.pop("expires", ...), str):
        asked["expires_at"] = time.time() + seconds(span)
    elif span is None:
        asked["expires_at"] = None
    if asked.get("limits") is not None:
        asked["limits"] = limits(asked["limits"])
    return asked


def _plain(value: Any) -> Any:
    """None for the words that say nothing."""
    return None if value in NOTHING or value in [[word] for word in NOTHING] else value


def seconds(span: str) -> float:
    """Of `90s`, `15m`, `12h` or `30d`. Ends the command where it is none of them."""
    number, unit = span[:-1], span[-1:]
    if unit not in UNITS or not (number.isascii() and number.isdigit() and len(number) < 8):
        raise fail(f"{span!r} is no span of time: write it like 90s, 15m, 12h or 30d.")
    return float(int(number) * UNITS[unit])


def limits(pairs: list[str]) -> dict[str, Any]:
    """`requests=60` and `day.tokens=1000` as fields of `Limits`."""
    found: dict[str, Any] = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        above, _, below = name.rpartition(".")
        place = found.setdefault(above, {}) if above else found
        place[below] = value
    return found
