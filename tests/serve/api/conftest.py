"""A whole API in one process: scripted engine, real keys, with or without a socket."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from index.keeper import Keeper
from models.embedder import HashingEmbedder
from models.scripted import Script, ScriptedEngine
from serve.api.app import House, create_app
from serve.config import Settings
from serve.documents.library import open_library
from serve.ledger.keys import Keys
from serve.ledger.rights import ADMIN
from serve.ledger.signins import Signins
from serve.pipeline import Helpers, Pipeline

MODEL = "echo"
SMALL: dict[str, Any] = {
    "tiers": {"small": {"engine": "scripted", "model": MODEL}},
    "embedder": {"engine": "hashing", "model": "hash"},
}


@dataclass
class Api:
    house: House
    engine: ScriptedEngine
    key: str

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.key}"}

    def key_of(self, name: str, admin: bool = False) -> dict[str, str]:
        """The headers of somebody else."""
        return {
            "authorization": f"Bearer {self.house.keys.create(name, ADMIN if admin else None)[1]}"
        }

    @asynccontextmanager
    async def client(self, **options: Any) -> AsyncIterator[httpx.AsyncClient]:
        """Speaks to the application without a socket, with a valid key."""
        transport = httpx.ASGITransport(create_app(self.house), raise_app_exceptions=False)
        options = {"headers": self.headers, **options}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://localhost", **options
        ) as client:
            yield client


MakeApi = Callable[..., Api]


@pytest.fixture
def make_api(tmp_path: Path) -> Iterator[MakeApi]:
    """Makes an API whose engine follows a script; options are settings."""
    rings: list[Keys | Signins] = []

    def make(
        script: Script | None = None,
        library: Keeper | None = None,
        helpers: Helpers | None = None,
        **options: Any,
    ) -> Api:
        settings = Settings(home=tmp_path, **SMALL | options)
        engine = ScriptedEngine(MODEL, script)
        keys = Keys(settings.database)
        rings.append(keys)
        tiers = {"small": engine}
        pipeline = Pipeline(settings, tiers, helpers)
        signins = Signins(settings.database)
        rings.append(signins)
        embedder = HashingEmbedder("hash")
        house = House(settings, keys, pipeline, tiers, embedder, signins, library)
        return Api(house, engine, keys.create("test")[1])

    yield make
    for ring in rings:
        ring.close()


@pytest.fixture
def api(make_api: MakeApi) -> Api:
    return make_api()


@pytest.fixture
async def library(tmp_path: Path) -> AsyncIterator[Keeper]:
    """A real one; its embedder only hashes."""
    keeper = await open_library(Settings(home=tmp_path, **SMALL), HashingEmbedder("hash"))
    yield keeper
    await keeper.close()


@pytest.fixture
def documents_api(make_api: MakeApi, library: Keeper) -> Api:
    return make_api(library=library)


@pytest.fixture
async def client(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    async with api.client() as client:
        yield client


@pytest.fixture
def serve_on_socket() -> Callable[[Api], AbstractAsyncContextManager[int]]:
    """Serves an API on a free port of the loopback, which is yielded."""
    return _served


@asynccontextmanager
async def _served(api: Api) -> AsyncIterator[int]:
    app = create_app(api.house)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, timeout_keep_alive=30))
    serving = asyncio.ensure_future(server.serve())
    while not server.started:
        await asyncio.sleep(0.005)
    try:
        yield int(server.servers[0].sockets[0].getsockname()[1])
    finally:
        server.should_exit = True
        await serving


@pytest.fixture(autouse=True)
def _no_ray() -> Iterator[None]:
    """The API is tested without Ray, whoever else (vLLM) may have imported it before."""
    before = "ray" in sys.modules
    yield
    assert ("ray" in sys.modules) == before
