"""`hearth doctor`."""

import json
from dataclasses import asdict

import typer

from serve.cli.options import FAILED, AsJson, Config, Home, Port, settings_from

SIGNS = {"ok": "ok     ", "warning": "warning", "problem": "PROBLEM"}


def doctor(
    json_: AsJson = False, home: Home = None, port: Port = None, config: Config = None
) -> None:
    """Say what is wrong with this machine, and how to mend it.

    Exit code 1 when something would stop 'hearth up'.
    """
    from serve.doctor import examine

    findings = examine(settings_from(home, port, config))
    if json_:
        typer.echo(json.dumps([asdict(finding) for finding in findings]))
    else:
        for found in findings:
            mend = f"  -> {found.mend}" if found.mend else ""
            typer.echo(f"{SIGNS[found.verdict]}  {found.name:15}  {found.detail}{mend}")
    if any(finding.verdict == "problem" for finding in findings):
        raise typer.Exit(FAILED)
