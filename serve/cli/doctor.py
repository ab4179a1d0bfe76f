"""`hearth doctor`."""

import typer
from serve.cli.options import AsJson


def doctor(json_: AsJson = False) -> None:
    """Say what is wrong with this machine, and how to mend it."""
