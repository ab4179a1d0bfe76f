"""The Ray shells and their remote proxies. Only serve/app.py knows Ray besides this file.

A shell holds one object and passes on what it says; a proxy implements the same protocol on the
other side of the process boundary. What is decided, is decided in Ray-free code.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from ray import serve
from ray.exceptions import RayActorError, RayError, RayTaskError
from ray.serve.exceptions import BackPressureError, RayServeException
from ray.serve.handle import DeploymentHandle, DeploymentResponseGenerator
from starlette.types import ASGIApp

from models.batching import in_batches
from models.catalogue import EmbedderSpec, EngineSpec, build_embedder, build_engine
from models.embedder import Embeddings, Inputs
from models.engine import Chunk, ChunkStream, Load, ModelCard, Prompt, merge
from models.errors import EngineBusy, EngineError, EngineInterrupted, EngineUnavailable
from serve.api.app import House, create_app
from serve.config import Settings
from serve.ledger.keys import Keys
from serve.ledger.receipts import log_to
from serve.ledger.signins import Signins
from serve.pipeline import Pipeline

EMBEDDER_APP = "embedder"
EMBEDDER_TOKENS = 256  # the bundled embedder's limit
CHUNK_WINDOW = 0.02  # seconds; what a reader does not notice and a process boundary does
ASK_TIMEOUT = 10.0  # seconds

T = TypeVar("T")


class EngineReplica:
    """One engine in a process of its own: a crash of native code ends nothing else."""

    def __init__(self, spec: EngineSpec) -> None:
        self._engine = build_engine(spec)

    async def generate(self, prompt: Prompt) -> AsyncIterator[Chunk]:
        async for chunk in in_batches(self._engine.generate(prompt), CHUNK_WINDOW):
            yield chunk

    async def answer(self, prompt: Prompt) -> Chunk:
        return merge([chunk async for chunk in self._engine.generate(prompt)])

    async def load(self) -> Load:
        return await self._engine.load()

    async def check_health(self) -> None:
        """Asked by Serve too: a replica that raises here is replaced."""
        await self._engine.health()

    async def __del__(self) -> None:
        await self._engine.close()


class EmbedderReplica:
    def __init__(self, spec: EmbedderSpec) -> None:
        self._embedder = build_embedder(spec)

    async def embed(self, inputs: Inputs) -> Embeddings:
        return await self._embedder.embed(inputs)


@serve.ingress()
class Gateway:
    """The HTTP interface: settings go in, an ASGI application comes out.

    `metrics_dir` is the PROMETHEUS_MULTIPROC_DIR of its process: all gateways count together.
    """

    def __init__(self, settings: Settings, metrics_dir: Path) -> None:
        self._settings = settings
        self._metrics_dir = metrics_dir

    def __serve_build_asgi_app__(self) -> ASGIApp:
        settings = self._settings
        gateway = serve.get_replica_context().rank.rank
        log_to(settings.data / "logs", gateway, settings.log.receipts)
        tiers = {name: RemoteEngine(name, settings) for name in settings.tiers}
        return create_app(
            House(
                settings=settings,
                keys=Keys(settings.database),
                pipeline=Pipeline(settings, tiers),
                tiers=tiers,
                embedder=RemoteEmbedder(settings) if settings.embedder.engine != "none" else None,
                signins=Signins(settings.database),
                metrics_dir=self._metrics_dir,
            )
        )


@serve.ingress()
class ChatPage:
    """The Gradio chat: a client of the HTTP interface like any other."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def __serve_build_asgi_app__(self) -> ASGIApp:
        from ui.app import create_app as create_page

        return create_page(self._settings.url, self._settings.allowed_hosts)


class RemoteEngine:
    """The `Engine` of one tier, whose work happens in `EngineReplica`s.

    The tier is an application of its own: it may fail to start, die and return on its own.
    """

    def __init__(self, tier: str, settings: Settings) -> None:
        self._app = tier_app(tier)
        self._patience = settings.deadlines.recovery
        self._card = _card(settings, tier)

    @property
    def card(self) -> ModelCard:
        return self._card

    async def generate(self, prompt: Prompt) -> ChunkStream:
        with translated():
            call = self._handle.answer if prompt.whole else self._streaming.generate
            response = call.remote(prompt)
            try:
                if isinstance(response, DeploymentResponseGenerator):
                    yield await self._first(anext(response))
                    async for chunk in response:
                        yield chunk
                else:
                    yield await self._first(response)
            finally:
                # Leaving does not stop the remote call; only this does.
                response.cancel()  # type: ignore[no-untyped-call]

    async def load(self) -> Load:
        with translated():
            return await asked(self._handle.load.remote())

    async def health(self) -> None:
        with translated():
            await asked(self._handle.check_health.remote())

    async def close(self) -> None:
        """Serve owns the replicas: nothing is stopped from here."""

    @cached_property
    def _handle(self) -> DeploymentHandle[EngineReplica]:
        return serve.get_deployment_handle(EngineReplica.__name__, self._app)

    @cached_property
    def _streaming(self) -> DeploymentHandle[EngineReplica]:
        return self._handle.options(stream=True)

    async def _first(self, chunk: Awaitable[Chunk]) -> Chunk:
        """The first chunk, however long it queues, as long as the engine is there."""
        first = asyncio.ensure_future(chunk)
        try:
            while not (await asyncio.wait([first], timeout=self._patience))[0]:
                await self.health()
            return first.result()
        finally:
            first.cancel()


class RemoteEmbedder:
    """An `Embedder` in an application of its own, which may come up after the gateway."""

    def __init__(self, settings: Settings) -> None:
        chosen = settings.embedder
        self._card = ModelCard(chosen.model, chosen.engine, EMBEDDER_TOKENS, 0, "bundled")

    @property
    def card(self) -> ModelCard:
        return self._card

    async def embed(self, inputs: Inputs) -> Embeddings:
        with translated():
            handle = serve.get_deployment_handle(EmbedderReplica.__name__, EMBEDDER_APP)
            return await asked(handle.embed.remote(inputs))


async def asked(answer: Awaitable[T]) -> T:
    """The answer of a replica. Raises `EngineUnavailable` when it does not come in time."""
    try:
        return await asyncio.wait_for(answer, ASK_TIMEOUT)
    except TimeoutError as exc:
        raise EngineUnavailable("The engine does not answer at present.") from exc


@contextmanager
def translated() -> Iterator[None]:
    """Ray's own errors in the words of `models.errors`; ours pass through as they are."""
    try:
        yield
    except EngineError as exc:
        raise _as_raised(exc) from None
    except RayTaskError:
        raise
    except BackPressureError as exc:
        raise EngineBusy("Too many requests wait for this engine.") from exc
    except RayActorError as exc:
        raise EngineInterrupted("The engine stopped before the answer was complete.") from exc
    except (RayError, RayServeException) as exc:
        raise EngineUnavailable("The engine cannot be reached at present.") from exc


def _as_raised(exc: EngineError) -> EngineError:
    """Without the remote traceback that Ray wraps around an error from another process."""
    cause = getattr(exc, "cause", exc)
    return cause if isinstance(cause, EngineError) else exc


def tier_app(tier: str) -> str:
    """The Serve application of a tier."""
    return f"tier-{tier}"


def _card(settings: Settings, tier: str) -> ModelCard:
    chosen = settings.tiers[tier]
    length = chosen.script.context_length if chosen.engine == "scripted" else chosen.context_length
    revision = chosen.sha256 or "bundled"
    return ModelCard(chosen.model, chosen.engine, length, int(time.time()), revision)
