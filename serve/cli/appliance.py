"""`hearth up`, `hearth down`, `hearth status`."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serve.cli.options import AsJson, Config, Home, Port, fail, settings_from

if TYPE_CHECKING:
    from serve.config import Settings
    from serve.telemetry.recent import Recent

LAST_WORDS = 15  # lines of the log


def up(
    detach: Annotated[
        bool, typer.Option("--detach", help="Return when it is ready; it runs on.")
    ] = False,
    home: Home = None,
    port: Port = None,
    config: Config = None,
) -> None:
    """Start the appliance, wait until it can answer, and keep it running.

    Prints where it is, a sign-in link that works once and, the first time, the admin key.
    Without --detach it stops with Ctrl-C.
    """
    from serve.supervisor.launch import CannotStart, prepare, supervise
    from serve.supervisor.place import Occupied

    settings = settings_from(home, port, config)
    say = _with_seconds()
    try:
        prepare(settings, say)
        if detach:
            _up_in_background(settings, config, say)
        elif supervise(settings, config, say, lambda: _announce(settings)) != 0:
            raise fail(f"The appliance did not start. The log: {_log(settings)}")
    except Occupied as exc:
        raise fail(
            f"Hearth runs on this data directory already (process {exc.args[0]}): "
            "see 'hearth status'; 'hearth down' ends it."
        ) from exc
    except CannotStart as exc:
        raise fail(exc.args[0]) from exc


def down(home: Home = None, port: Port = None, config: Config = None) -> None:
    """Stop the appliance. Answers under way may finish; nothing is left running."""
    from serve.supervisor.launch import stop

    if not stop(settings_from(home, port, config), typer.echo):
        raise fail("Some processes of the appliance do not end.")
    typer.echo("Stopped.")


def status(
    json_: AsJson = False, home: Home = None, port: Port = None, config: Config = None
) -> None:
    """Say whether the appliance is ready, and how each tier is. Exit code 0 only when ready."""
    from serve.supervisor.status import status_of

    found = status_of(settings_from(home, port, config))
    if json_:
        typer.echo(json.dumps(found.as_json()))
    else:
        typer.echo(f"{found.url}  {'ready' if found.ready else found.detail}")
        for name, tier in found.tiers.items():
            typer.echo(f"  {name:10} {tier['state']:12} {tier['engine']:10} {tier['model']}")
            if tier["reason"]:
                typer.echo(f"  {'':10} {tier['reason']}")
        if found.recent is not None:
            typer.echo(_in_words(found.recent))
        for name in found.worse:
            typer.echo(f"  answers have become worse: {name} (see 'hearth quality show')")
    raise typer.Exit(0 if found.ready else 1)


def _in_words(recent: "Recent") -> str:
    parts = [f"{recent.requests_per_minute:.1f} requests/min"]
    if recent.ttft_p50_ms is not None and recent.ttft_p95_ms is not None:
        median, most = recent.ttft_p50_ms / 1000, recent.ttft_p95_ms / 1000
        parts.append(f"first token in {median:.2f} s (p95 {most:.2f} s)")
    parts.append(f"{recent.tokens_per_second:.1f} tokens/s")
    if recent.cached is not None:
        parts.append(f"{recent.cached:.0%} from the cache")
    parts += [f"{recent.refused} refused", f"{recent.failed} failed"]
    return f"  last {recent.seconds / 60:.0f} minutes: {', '.join(parts)}"


def _up_in_background(
    settings: "Settings", config: Path | None, say: Callable[[str], None]
) -> None:
    from serve.supervisor.launch import detach, stop, wait_until_ready

    supervisor = detach(settings, config)
    try:
        if not wait_until_ready(settings, supervisor, say):
            raise fail(f"The appliance did not start. The last lines of its log:\n{_log(settings)}")
    except KeyboardInterrupt:
        stop(settings, say)
        raise typer.Exit(130) from None
    _announce(settings)


def _announce(settings: "Settings") -> None:
    """Where it is, and how to get in. Secrets go to this terminal and nowhere else."""
    from serve.ledger.keys import Keys
    from serve.ledger.rights import ADMIN
    from serve.ledger.signins import Signins

    typer.echo(f"\n  API    {settings.url}/v1")
    if settings.ui.enabled:
        token = Signins(settings.database).create(time.time())
        typer.echo(f"  Chat   {settings.url}/ui/?signin={token}")
        typer.echo("         (signs in once, within ten minutes)")
    keys = Keys(settings.database)
    if not keys.all():
        typer.echo(f"  Key    {keys.create('admin', ADMIN)[1]}")
        typer.echo("         (the admin key, shown only now)")
    typer.echo()


def _log(settings: "Settings") -> str:
    from serve.supervisor.place import Place

    place = Place(settings.data)
    return f"{place.last_words(LAST_WORDS)}\n({place.log_file})"


def _with_seconds() -> Callable[[str], None]:
    start = time.monotonic()
    return lambda line: typer.echo(f"[{time.monotonic() - start:5.1f} s] {line}")
