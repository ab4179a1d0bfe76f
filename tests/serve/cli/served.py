"""A whole appliance without Ray, for commands that speak to one."""

import asyncio
import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
import uvicorn
from click.testing import Result
from typer.testing import CliRunner

from index.caches.local import LocalMemory
from models.embedder import HashingEmbedder
from models.scripted import ScriptedEngine
from serve.api.app import House, create_app
from serve.cli import cache, docs, quality
from serve.config import Settings
from serve.documents.grounding import Grounding
from serve.documents.library import open_library
from serve.ledger.keys import Keys
from serve.ledger.quality import QualityFile
from serve.ledger.rights import ADMIN
from serve.pipeline import Helpers, Pipeline
from serve.quality.scoring import Scoring
from serve.quality.watching import Watching


@dataclass(frozen=True)
class Appliance:
    settings: Settings

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HEARTH_HOME": str(self.settings.home),
            "HEARTH_PORT": str(self.settings.port),
            "HEARTH_PROFILE": "small",
        }

    def docs(self, *arguments: str, **more: str) -> Result:
        return self._run(docs.commands, arguments, more)

    def cache(self, *arguments: str, **more: str) -> Result:
        return self._run(cache.commands, arguments, more)

    def quality(self, *arguments: str, **more: str) -> Result:
        return self._run(quality.commands, arguments, more)

    def told(self, *arguments: str) -> Any:
        done = self.docs(*arguments, "--json")
        assert done.exit_code == 0, done.stderr
        return json.loads(done.stdout)

    def make_key(self, name: str, admin: bool = False) -> str:
        keys = Keys(self.settings.database)
        text = keys.create(name, ADMIN if admin else None)[1]
        keys.close()
        return text

    def active_keys(self) -> list[str]:
        keys = Keys(self.settings.database)
        names = [key.name for key in keys.all() if key.active]
        keys.close()
        return names

    def _run(
        self, commands: typer.Typer, arguments: tuple[str, ...], more: dict[str, str]
    ) -> Result:
        """In this process: many at a time would take long to start."""
        return CliRunner().invoke(commands, arguments, env=self.environment | more)


@contextmanager
def started(home: Path, embedder: str = "hash", **more: Any) -> Iterator[Appliance]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        settings = Settings(
            home=home,
            port=listener.getsockname()[1],
            tiers={"small": {"engine": "scripted", "model": "echo"}},
            embedder={"engine": "hashing", "model": embedder},
            **more,
        )
        with _served(settings, listener):
            made = Appliance(settings)
            made.make_key("owner", admin=True)
            yield made


@contextmanager
def _served(settings: Settings, listener: socket.socket) -> Iterator[None]:
    """In a thread of its own, as the command blocks."""
    started: list[uvicorn.Server] = []
    ready = threading.Event()

    async def serve() -> None:
        keys, tiers = Keys(settings.database), {"small": ScriptedEngine("echo")}
        embedder = HashingEmbedder("hash")
        library = await open_library(settings, embedder)
        memory = LocalMemory(settings.cache.memory, settings.cache.ttl)
        grounding = Grounding(library, settings.retrieval)
        pipeline = Pipeline(settings, tiers, Helpers(grounding=grounding, memory=memory))
        scoring = Scoring(settings, pipeline, embedder)
        watching = Watching(scoring, QualityFile(settings.quality_file), library)
        house = House(
            settings,
            keys,
            pipeline,
            tiers,
            embedder,
            library=library,
            memory=memory,
            watching=watching if settings.quality.questions else None,
        )
        started.append(uvicorn.Server(uvicorn.Config(create_app(house), log_config=None)))
        ready.set()
        await started[0].serve([listener])
        await library.close()
        keys.close()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    assert ready.wait(30)
    try:
        yield
    finally:
        started[0].should_exit = True
        thread.join(30)
