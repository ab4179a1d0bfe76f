"""`hearth route`: which tier `auto` would choose for prompts, and why; nothing is generated."""

import asyncio
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serve.cli.options import AsJson, Config, Home, fail, settings_from

if TYPE_CHECKING:
    from models.embedder import Embedder
    from models.engine import Prompt
    from serve.config import Settings

SHOWN = 50  # characters of a prompt in the table


def route(
    file: Annotated[
        typer.FileText,
        typer.Argument(help="Prompts, one a line: text, or a chat request as JSON. - for stdin."),
    ],
    quality: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="The dial. Default: routing.quality", show_default=False),
    ] = None,
    json_: AsJson = False,
    home: Home = None,
    config: Config = None,
) -> None:
    """Show which tier 'auto' would choose for the prompts of FILE, and why.

    As if every tier were ready and idle; nothing is sent or generated.
    """
    settings = settings_from(home, None, config)
    dial = settings.routing.quality if quality is None else quality
    for text, tier, reason in asyncio.run(_routes(settings, list(_prompts(file)), dial)):
        if json_:
            typer.echo(json.dumps({"prompt": text, "tier": tier, "reason": reason}))
        else:
            typer.echo(f"{tier:8} {reason:40} {text[:SHOWN]}")


def _prompts(lines: Any) -> Iterator["Prompt"]:
    """Raises `typer.Exit` with the number of a line that cannot be read."""
    from models.engine import Message, Prompt, Sampling

    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        if not line.lstrip().startswith("{"):
            yield Prompt("route", "route", (Message("user", line.strip()),))
            continue
        try:
            asked = json.loads(line)
            turns = tuple(Message(m["role"], str(m["content"])) for m in asked["messages"])
            yield Prompt("route", "route", turns, Sampling(max_tokens=asked.get("max_tokens")))
        except (ValueError, KeyError, TypeError) as exc:
            raise fail(f"Line {number} is no chat request: it needs 'messages'.") from exc


async def _routes(
    settings: "Settings", prompts: list["Prompt"], quality: float
) -> list[tuple[str, str, str]]:
    """The text, the tier and the reason for each prompt."""
    from serve.documents.questions import Asking
    from serve.generation.judging import DifficultyJudge
    from serve.policy.routing import Asked, Hints, Option, choose, last_turn, size_of

    judge, embedder = DifficultyJudge(patience=60), _embedder(settings)
    options = [Option(n, "ready", tier.context_length) for n, tier in settings.tiers.items()]
    dial = settings.routing.model_copy(update={"quality": quality})
    found = []
    for prompt in prompts:
        hints = Hints(await judge.guess(Asking(embedder, last_turn(prompt)), quality))
        context = size_of(prompt) // 4 + (prompt.sampling.max_tokens or 1)
        chosen = choose(Asked.of(prompt, context), options, dial, hints)
        text = " ".join(last_turn(prompt).split())
        found.append((text, chosen.tiers[0], chosen.reason))
    return found


def _embedder(settings: "Settings") -> "Embedder | None":
    if settings.embedder.engine != "sentence":
        return None
    from models.catalogue import build_embedder
    from serve.specs import embedder_spec

    return build_embedder(embedder_spec(settings))
