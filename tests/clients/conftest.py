"""Where the official clients' tests go: a scripted API of their own, or a running appliance.

With APPLIANCE_URL and APPLIANCE_KEY in the environment the same tests run against that one.
"""

import asyncio
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn

from models.embedder import HashingEmbedder
from models.scripted import ScriptedEngine
from serve.api.app import House, create_app
from serve.config import Settings
from serve.documents.grounding import Grounding
from serve.documents.library import open_library
from serve.ledger.keys import Keys
from serve.pipeline import Helpers, Pipeline


@dataclass(frozen=True)
class Appliance:
    base_url: str
    key: str
    model: str
    embedding_model: str


@pytest.fixture(scope="session")
def appliance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Appliance]:
    if url := os.environ.get("APPLIANCE_URL"):
        key = os.environ["APPLIANCE_KEY"]
        model = os.environ.get("APPLIANCE_MODEL", "smollm2-135m-instruct")
        yield Appliance(f"{url.rstrip('/')}/v1", key, model, "all-minilm-l6-v2")
        return
    with _scripted(tmp_path_factory.mktemp("home")) as served:
        yield served


@contextmanager
def _scripted(home: Path) -> Iterator[Appliance]:
    """A scripted API, served from a thread of its own: the clients under test block."""
    listener = socket.create_server(("127.0.0.1", 0))
    settings = Settings(
        home=home,
        port=listener.getsockname()[1],
        tiers={"small": {"engine": "scripted", "model": "echo"}},
        embedder={"engine": "hashing", "model": "hash"},
    )
    started: list[tuple[uvicorn.Server, str]] = []
    ready = threading.Event()

    async def serve() -> None:
        keys = Keys(settings.database)
        tiers, embedder = {"small": ScriptedEngine("echo")}, HashingEmbedder("hash")
        library = await open_library(settings, embedder)
        helpers = Helpers(embedder, grounding=Grounding(library))
        pipeline = Pipeline(settings, tiers, helpers)
        house = House(settings, keys, pipeline, tiers, embedder, library=library)
        server = uvicorn.Server(uvicorn.Config(create_app(house), log_config=None))
        started.append((server, keys.create("clients")[1]))
        ready.set()
        await server.serve([listener])
        await library.close()
        keys.close()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    ready.wait(30)
    server, key = started[0]
    yield Appliance(f"{settings.url}/v1", key, "echo", "hash")
    server.should_exit = True
    thread.join(30)
