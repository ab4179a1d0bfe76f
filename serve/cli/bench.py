"""`hearth bench`: how fast a running appliance, or whatever speaks its interface, answers."""

import asyncio
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from serve.cli.bench_report import progress, tell, without_secrets
from serve.cli.bench_targets import Chosen, targets_of
from serve.cli.options import Config, Home, fail, settings_from

if TYPE_CHECKING:
    from serve.bench.plan import Plan
    from serve.bench.report import Report
    from serve.bench.target import Target
    from serve.bench.workload import Lengths, Level

Kind = Literal["clients", "rate", "trace"]

Url = Annotated[
    str | None,
    typer.Option(help="Whom to load. Default: the appliance of this data directory."),
]
Key = Annotated[
    str | None,
    typer.Option(
        envvar="HEARTH_BENCH_KEY",
        help="Key for the target. Default: one that is made here for this run.",
        show_default=False,
    ),
]
Model = Annotated[str | None, typer.Option(help="Default: the first that the target lists.")]
Engine = Annotated[
    str | None,
    typer.Option(help="Load the engine of this tier alone, started in this process."),
]
Against = Annotated[
    str | None,
    typer.Option(
        help="A second target, in turns with the first: a URL, or 'vllm' for vLLM's own server, "
        "started with the arguments of the configured vllm tier."
    ),
]
AgainstKey = Annotated[
    str | None, typer.Option(envvar="HEARTH_BENCH_AGAINST_KEY", help="Key for that one.")
]
AgainstModel = Annotated[str | None, typer.Option(help="Its model. Default: the same.")]
Clients = Annotated[
    str, typer.Option(help="Closed loop: loads of so many clients, one after the other.")
]
Rate = Annotated[str | None, typer.Option(help="Open loop instead: loads in requests per second.")]
Trace = Annotated[
    Path | None,
    typer.Option(
        help="Open loop from a CSV with TIMESTAMP, ContextTokens, GeneratedTokens.",
        exists=True,
        dir_okay=False,
    ),
]
Speed = Annotated[str, typer.Option(help="Loads: so many times as fast as the trace.")]
Shrink = Annotated[float, typer.Option(min=0.01, help="Divides the lengths of the trace.")]
Prompt = Annotated[str, typer.Option(help="Tokens of a prompt: 512, or 128-1024.")]
Output = Annotated[str, typer.Option(help="Most tokens of an answer: 64, or 16-256.")]
Shared = Annotated[int, typer.Option(min=0, help="Tokens with which all prompts begin.")]
EndToken = Annotated[
    list[int] | None,
    typer.Option(help="Id of a token that is forbidden, so that answers have their full length."),
]
Rounds = Annotated[int, typer.Option(min=1, help="Of each load; medians are reported.")]
Length = Annotated[float, typer.Option(min=0.1, help="Seconds that each measurement lasts.")]
WarmUp = Annotated[float, typer.Option(min=0, help="Seconds before it that do not count.")]
Timeout = Annotated[float, typer.Option(min=0.1, help="Seconds of one request.")]
Seed = Annotated[int, typer.Option(help="The same asks for the same.")]
Most = Annotated[
    float | None,
    typer.Option(min=0.001, help="Most seconds of a good answer.", show_default=False),
]
Out = Annotated[
    Path | None,
    typer.Option(
        help="Folder for report.json and report.html. Default: a new one in the data directory.",
        file_okay=False,
    ),
]
Ceiling = Annotated[bool, typer.Option(help="Measure the client's own ceiling, too.")]


def bench(  # noqa: PLR0913, PLR0917  (options of a command)
    url: Url = None,
    key: Key = None,
    model: Model = None,
    engine: Engine = None,
    against: Against = None,
    against_key: AgainstKey = None,
    against_model: AgainstModel = None,
    clients: Clients = "1,4,16",
    rate: Rate = None,
    trace: Trace = None,
    speed: Speed = "1",
    shrink: Shrink = 1.0,
    prompt: Prompt = "128",
    output: Output = "64",
    shared_prefix: Shared = 0,
    end_token: EndToken = None,
    rounds: Rounds = 3,
    seconds: Length = 10.0,
    warm_up: WarmUp = 3.0,
    timeout: Timeout = 300.0,
    seed: Seed = 1,
    slo_ttft: Most = None,
    slo_tpot: Most = None,
    slo_e2e: Most = None,
    out: Out = None,
    ceiling: Ceiling = True,
    home: Home = None,
    config: Config = None,
) -> None:
    """Measure throughput and latency under load, and find the knee.

    Prints tables, and writes JSON and an HTML page with plots. Ends with exit code 1 when a target
    cannot be used.
    """
    from serve.bench.kept import fresh
    from serve.bench.measures import Objective
    from serve.bench.plan import Plan
    from serve.bench.target import TargetRefused
    from serve.bench.workload import TraceRefused, read_trace

    settings = settings_from(home, None, config)
    objective = Objective(slo_ttft, slo_tpot, slo_e2e)
    ends = tuple(end_token or ())
    chosen = Chosen(url, key, model, engine, against, against_key, against_model, ends)
    try:
        plan = Plan(
            levels=_levels(clients, rate, speed if trace else None),
            prompt=_lengths("--prompt", prompt),
            output=_lengths("--output", output),
            rounds=rounds,
            seconds=seconds,
            warm_up=warm_up,
            trace=read_trace(trace, shrink) if trace else (),
            shared_prefix=shared_prefix,
            seed=seed,
            objective=None if objective == Objective() else objective,
            timeout=timeout,
        )
        with targets_of(settings, chosen) as targets:
            report = asyncio.run(_measured(plan, targets, ceiling))
    except (TargetRefused, TraceRefused) as exc:
        raise fail(str(exc)) from exc
    tell(report, out or fresh(settings.data, time.time()))


def _levels(clients: str, rate: str | None, speed: str | None) -> "list[Level]":
    """`speed` None: there is no trace. Raises `typer.BadParameter`."""
    from serve.bench.workload import Level

    kind: Kind = "trace" if speed else "rate" if rate else "clients"
    if kind == "trace" and rate:
        raise typer.BadParameter("--rate and --trace exclude each other: --speed sets its loads.")
    option = {"trace": "--speed", "rate": "--rate", "clients": "--clients"}[kind]
    try:
        loads = [float(load) for load in (speed or rate or clients).split(",")]
    except ValueError as exc:
        raise typer.BadParameter(f"{option} takes numbers with commas between them.") from exc
    whole = kind != "clients" or all(load == int(load) for load in loads)
    if not whole or not all(0 < load < 1e6 for load in loads):
        raise typer.BadParameter(f"{option} takes positive numbers, those of clients whole.")
    return [Level(kind, load) for load in loads]


def _lengths(option: str, text: str) -> "Lengths":
    from serve.bench.workload import Lengths

    try:
        return Lengths.parse(text)
    except ValueError as exc:
        raise typer.BadParameter(f"{option} takes tokens, as 512 or 128-1024.") from exc


async def _measured(plan: "Plan", targets: "list[Target]", ceiling: bool) -> "Report":
    from serve.bench.ceiling import ceiling as measure_ceiling
    from serve.bench.energy import gpu_joules
    from serve.bench.report import Report, conditions
    from serve.bench.run import Bench

    gpus, joules = gpu_joules()
    facts = conditions(without_secrets(sys.argv[1:]), gpus)
    most = await measure_ceiling() if ceiling else None
    rounds = await Bench(plan, progress, joules).run(targets)
    return Report(facts, plan, rounds, most)
