"""How commands reach a running appliance, and as whom."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serve.cli.options import Config, Home, fail, settings_from

if TYPE_CHECKING:
    from serve.cli.docs_client import DocsClient
    from serve.config import Settings

Collection = Annotated[str, typer.Option(help="Name or id of a collection.")]
Some = Annotated[
    str | None, typer.Option("--collection", help="Of this one only.", show_default=False)
]
Url = Annotated[
    str | None,
    typer.Option(help="Default: the appliance of this data directory.", show_default=False),
]
Key = Annotated[
    str | None,
    typer.Option(
        envvar="HEARTH_KEY",
        help="Who asks. Default: a key of the owner's, made for this command.",
        show_default=False,
    ),
]


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach the appliance: an own key is made where none is given."""

    settings: "Settings"
    url: str | None
    key: str | None

    @contextmanager
    def client(self, name: str = "docs", lifetime: float | None = None) -> "Iterator[DocsClient]":
        """Ends the command with exit code 1 and a line where something is refused.

        `name` and `lifetime` (seconds) are those of the key that it makes.
        """
        from serve.cli.docs_client import DocsClient, DocsRefused
        from serve.cli.own_key import own_key

        url = self.url or self.settings.url
        try:
            if self.key or self.url:
                with DocsClient(url, self.key or "") as client:
                    yield client
                return
            own = own_key(self.settings, name, True, lifetime)
            with own as key, DocsClient(url, key) as client:
                yield client
        except DocsRefused as exc:
            raise fail(str(exc)) from exc


def access(url: Url = None, key: Key = None, home: Home = None, config: Config = None) -> Access:
    return Access(settings_from(home, None, config), url, key)


def reaching(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the options of `access` behind its own; its first argument is the result."""
    own = list(inspect.signature(command).parameters.values())[1:]
    options = inspect.signature(access).parameters

    @wraps(command)
    def run(**given: Any) -> None:
        reach = access(**{name: given.pop(name) for name in options})
        command(reach, **given)

    signature = inspect.Signature([*own, *options.values()])
    run.__signature__ = signature  # type: ignore[attr-defined]  # what Typer makes options of
    run.__annotations__ = {each.name: each.annotation for each in signature.parameters.values()}
    return run
