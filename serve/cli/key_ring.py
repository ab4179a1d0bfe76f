"""The key ring of a data directory, for commands: what it refuses becomes one line."""

import getpass
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from serve.cli.options import Config, Home, fail, settings_from

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from serve.ledger.keys import Keys


@contextmanager
def key_ring(home: Home, config: Config) -> Iterator["Keys"]:
    """Ends the command with exit code 1 where the ring refuses something."""
    from pydantic import ValidationError

    from serve.ledger.database import DatabaseRefused
    from serve.ledger.groups import GroupRefused
    from serve.ledger.keys import Keys, UnknownKey

    try:
        with closing(Keys(settings_from(home, None, config).database)) as keys:
            yield keys
    except (DatabaseRefused, GroupRefused) as exc:
        raise fail(str(exc.args[0])) from exc
    except UnknownKey as exc:
        which = exc.args[0]
        raise fail(f"No active key has the id or name {which!r}: see 'hearth keys list'.") from exc
    except ValidationError as exc:
        raise fail("\n".join(_line(error) for error in exc.errors())) from exc


def _line(error: "ErrorDetails") -> str:
    return f"{'.'.join(map(str, error['loc']))}: {error['msg']}"


def whoami() -> str:
    """Who does it, for the audit log."""
    from serve.ledger.audit import LOCAL

    try:
        return f"{LOCAL}:{getpass.getuser()}"
    except (KeyError, OSError):  # a user without a name
        return LOCAL


def when(at: float | None) -> str:
    return "-" if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")
