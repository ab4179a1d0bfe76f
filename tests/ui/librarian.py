"""The real API before a real library, and the real page at /ui, in one process on a real socket.

Files are parsed, cut, kept and found as in the appliance; only the embedder hashes, and engines say
what their scripts say.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from models.embedder import HashingEmbedder
from models.scripted import Script, ScriptedEngine
from serve.api.app import House, create_app
from serve.config import Settings
from serve.documents.grounding import Grounding
from serve.documents.library import open_library
from serve.ledger.keys import Keys
from serve.ledger.rights import ADMIN, Rights
from serve.pipeline import Helpers, Pipeline
from tests.ui.appliance import Place, running, together
from ui.app import create_app as create_page


@dataclass(frozen=True)
class Librarian(Place):
    """`key` may keep documents; `reader` may only ask them, `owner` do everything."""

    reader: str
    owner: str
    keys: Keys

    @property
    def page(self) -> str:
        return f"{self.url}/ui/documents"


@contextmanager
def keeping(
    home: Path, port: int, words: tuple[str, ...] = (), embedder: str = "hash"
) -> Iterator[Librarian]:
    """`words`: what the model always answers. With another `embedder` all is embedded again."""
    options: dict[str, Any] = {
        "tiers": {"small": {"engine": "scripted", "model": "echo"}},
        "embedder": {"engine": "hashing", "model": embedder},
    }
    settings = Settings(home=home, port=port, **options)
    keys = Keys(settings.database)
    names = ("keeper", None), ("colleague", Rights(scopes=["chat"])), ("owner", ADMIN)
    key, reader, owner = (keys.create(*named)[1] for named in names)
    engine = ScriptedEngine("echo", Script(words=words) if words else None)
    with running(lambda: _app(settings, keys, engine, create_page(settings.url)), port):
        yield Librarian(settings.url, key, reader, owner, keys)
    keys.close()


def _app(settings: Settings, keys: Keys, engine: ScriptedEngine, page: ASGIApp) -> ASGIApp:
    """Its library is open while it lives."""
    embedder, tiers = HashingEmbedder("hash"), {"small": engine}
    opened: list[ASGIApp] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await opened[0](scope, receive, send)
            return
        library = await open_library(settings, embedder)
        helpers = Helpers(embedder, grounding=Grounding(library, settings.retrieval))
        pipeline = Pipeline(settings, tiers, helpers)
        house = House(settings, keys, pipeline, tiers, embedder, library=library)
        opened.append(together(create_app(house), page))

        async def told() -> Message:
            """Who is told of the end does not live long after it."""
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                await library.close()
            return message

        await page(scope, told, send)

    return app
