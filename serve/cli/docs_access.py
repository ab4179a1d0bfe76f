"""How commands about documents reach the appliance, and as whom."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serve.cli.options import fail, settings_from

if TYPE_CHECKING:
    from serve.cli.docs_client import DocsClient
    from serve.config import Settings

Collection = Annotated[str, typer.Option(help="Name or id of a collection.")]
Url = Annotated[
    str | None,
    typer.Option(help="Default: the appliance of this data directory.", show_default=False),
]
Key = Annotated[
    str | None,
    typer.Option(
        envvar="HEARTH_KEY",
        help="Whose documents. Default: a key of the owner's, made for this command.",
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
    def client(self) -> "Iterator[DocsClient]":
        """Ends the command with exit code 1 and a line where something is refused."""
        from serve.cli.docs_client import DocsClient, DocsRefused
        from serve.cli.own_key import own_key

        url = self.url or self.settings.url
        try:
            if self.key or self.url:
                with DocsClient(url, self.key or "") as client:
                    yield client
                return
            with own_key(self.settings, "docs", admin=True) as key, DocsClient(url, key) as client:
                yield client
        except DocsRefused as exc:
            raise fail(str(exc)) from exc


def access(url: str | None, key: str | None, home: Path | None, config: Path | None) -> Access:
    return Access(settings_from(home, None, config), url, key)
