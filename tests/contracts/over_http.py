"""An engine behind a whole Hearth, reached as an upstream: real HTTP, both ways."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import uvicorn

from models.engine import Engine
from models.upstream.engine import UpstreamEngine
from models.upstream.settings import UpstreamSettings
from serve.api.app import House, create_app
from serve.config import Settings
from serve.ledger.keys import Keys
from serve.pipeline import Pipeline
from tests.contracts.over_socket import OverSocket

MODEL = "behind"


class OverHttp(UpstreamEngine):
    """Closing it closes what is behind it, too."""

    def __init__(
        self, settings: UpstreamSettings, engine: Engine, stop: Callable[[], None]
    ) -> None:
        super().__init__(settings)
        self.engine = engine
        self._stop = stop

    async def close(self) -> None:
        await super().close()
        await asyncio.to_thread(self._stop)
        await self.engine.close()


def behind(engine: Engine) -> tuple[Engine, ...]:
    """The engine at the other end, if there is one."""
    return (engine.engine,) if isinstance(engine, OverHttp | OverSocket) else ()


def over_http(engine: Engine) -> OverHttp:
    stack = ExitStack()
    url, key = stack.enter_context(hearth(engine))
    settings = UpstreamSettings(
        "upstream", f"{url}/v1", MODEL, key, context_length=engine.card.context_length
    )
    return OverHttp(settings, engine, stack.close)


@contextmanager
def hearth(engine: Engine) -> Iterator[tuple[str, str]]:
    """The API over `engine` on a free port: its address and a key."""
    with TemporaryDirectory() as home, socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        tiers = {"small": {"engine": "scripted", "model": MODEL}}
        settings = Settings(home=Path(home), port=port, tiers=tiers, embedder={"engine": "none"})
        keys = Keys(settings.database)
        house = House(settings, keys, Pipeline(settings, {"small": engine}), {"small": engine})
        key = keys.create("upstream")[1]
        with running(create_app(house), listening):
            yield settings.url, key
        keys.close()


@contextmanager
def running(app: Any, listening: socket.socket) -> Iterator[None]:
    """A server with an event loop of its own. Connections wait in `listening` until it is up."""
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=2))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(30)
