"""Whom `hearth bench` loads: the appliance here, any URL, an engine alone, or vLLM's own server."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import typer

from serve.cli.own_key import own_key

if TYPE_CHECKING:
    from serve.bench.target import Target
    from serve.config import Settings

VLLM = "vllm"


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the options say. `url`, `engine` (a tier) or neither: the appliance here."""

    url: str | None
    key: str | None
    model: str | None
    engine: str | None
    against: str | None
    against_key: str | None
    against_model: str | None
    end_tokens: tuple[int, ...]


@contextmanager
def targets_of(settings: "Settings", chosen: Chosen) -> "Iterator[list[Target]]":
    """One or two, each with a model. Raises `TargetRefused`."""
    if chosen.url and chosen.engine:
        raise typer.BadParameter("--url and --engine exclude each other.")
    with _first(settings, chosen) as first:
        targets = [_ready(first, chosen)]
        if chosen.against is None:
            yield targets
            return
        model = chosen.against_model or targets[0].model
        with _second(settings, chosen.against, chosen.against_key or "", model) as second:
            yield [*targets, _ready(second, chosen)]


def _ready(target: "Target", chosen: Chosen) -> "Target":
    model = target.model or _model_of(target)
    return replace(target, end_tokens=chosen.end_tokens, model=model)


def _model_of(target: "Target") -> str:
    """The first that it lists, Hearth's 'auto' aside: that is no model of its own."""
    from serve.bench.target import TargetRefused

    named = [model for model in target.models() if model != "auto"]
    if not named:
        raise TargetRefused(f"{target.url} lists no model for chats.")
    return named[0]


@contextmanager
def _first(settings: "Settings", chosen: Chosen) -> "Iterator[Target]":
    from serve.bench.alone import engine_alone
    from serve.bench.target import Target

    model = chosen.model or ""
    if chosen.engine:
        with engine_alone(settings, chosen.engine) as target:
            yield target
    elif chosen.url:
        yield Target("target", chosen.url, model, chosen.key or "")
    elif chosen.key:
        yield Target("Hearth", settings.url, model, chosen.key)
    else:
        with own_key(settings, "bench") as made:
            yield Target("Hearth", settings.url, model, made)


@contextmanager
def _second(settings: "Settings", against: str, key: str, model: str) -> "Iterator[Target]":
    from serve.bench.target import Target
    from serve.bench.vllm_server import tier_to_compare, vllm_server

    if against != VLLM:
        yield Target("other", against, model, key)
        return
    typer.echo("Starting vLLM's own server…", err=True)
    with vllm_server(settings, tier_to_compare(settings, model)) as target:
        yield target
