"""The Ray shells: each holds one object and passes on what it says.

Ray is known here, in serve/proxies.py (the far side of these shells) and in serve/app.py. What is
decided, is decided in Ray-free code.
"""

import time
from collections.abc import Mapping
from contextlib import suppress
from os import getpid
from pathlib import Path
from typing import Any

from ray import serve
from starlette.types import ASGIApp

from index.caches.tower import Tower
from models.catalogue import EmbedderSpec, EngineSpec, build_embedder, build_engine
from models.embedder import DeepEmbeddings, Embeddings, Inputs, Purpose
from models.engine import Engine, ModelCard
from models.errors import EngineNotLoaded, ModelRefused
from models.residence import Resident, refused
from models.wire.serving import Door
from serve.api.app import House, create_app
from serve.caching.kept import open_memory
from serve.caching.remote_memory import RemoteMemory
from serve.caching.remote_memory import answer as remember
from serve.config import ConfigError, Settings
from serve.documents.grounding import Grounding
from serve.documents.library import open_library
from serve.documents.remote_library import RemoteLibrary, answer
from serve.generation.judging import DifficultyJudge
from serve.ledger.keys import Keys
from serve.ledger.quality import QualityFile
from serve.ledger.signins import Signins
from serve.ledger.spending import Spending
from serve.limits.limiting import Limiting
from serve.limits.shared_limits import answer as decide
from serve.memory_order import go_first
from serve.pipeline import Helpers, Pipeline
from serve.policy.bank import Bank
from serve.proxies import RemoteEmbedder, RemoteEngine, ask_bank, ask_cache, ask_library, card_of
from serve.quality.scoring import Scoring
from serve.quality.watching import Watching
from serve.receipts.features import Noting, salt_in
from serve.receipts.keeping import Keeping
from serve.receipts.metering import Meter
from serve.specs import engine_spec
from serve.telemetry.log_files import log_to


class EngineReplica:
    """One engine in a process of its own: a crash of native code ends nothing else.

    It answers at a door in `folder`, without Ray. Serve awaits constructors.
    """

    async def __init__(self, spec: EngineSpec, folder: Path) -> None:  # type: ignore[misc]
        go_first()  # the largest, and the only one that somebody else can stand in for
        self._engine = _built(spec)
        self._door = Door(self._engine, folder / f"engine-{getpid()}", self._wake)
        await self._door.open()

    async def door(self) -> Path:
        return self._door.path

    async def check_health(self) -> None:
        """Asked by Serve: a replica that raises here is replaced, which loads no model sooner."""
        with suppress(EngineNotLoaded):
            await self._engine.health()

    def _wake(self) -> None:
        if isinstance(self._engine, Resident):
            self._engine.wake()

    async def __del__(self) -> None:
        """Serve gives it `drain_seconds`."""
        await self._door.close()
        await self._engine.close()


def _built(spec: EngineSpec) -> Engine:
    """One whose model is refused lives on, to say why: what Serve tells of it is a traceback."""
    try:
        return build_engine(spec)
    except ModelRefused as exc:
        card = ModelCard(spec.name, spec.kind, spec.context_length, int(time.time()), "refused")
        return refused(card, exc)


class EmbedderReplica:
    def __init__(self, spec: EmbedderSpec) -> None:
        go_first()
        self._embedder = build_embedder(spec)

    async def embed(self, inputs: Inputs) -> Embeddings:
        return await self._embedder.embed(inputs)

    async def embed_deep(self, inputs: Inputs, purpose: Purpose) -> DeepEmbeddings:
        return await self._embedder.embed_deep(inputs, purpose)


class LibraryReplica:
    """The one process that writes the library; hnswlib's native code is in no other.

    Serve awaits constructors.
    """

    async def __init__(self, settings: Settings) -> None:  # type: ignore[misc]
        self._library = await open_library(settings, RemoteEmbedder(settings))

    async def call(self, name: str, arguments: tuple[Any, ...]) -> Any:
        return await answer(self._library, name, arguments)

    async def __del__(self) -> None:
        await self._library.close()


class CacheReplica:
    """The kept answers of several gateways, and who of them generates what."""

    def __init__(self, settings: Settings) -> None:
        self._memory = open_memory(settings)
        self._tower = Tower(self._memory)

    async def call(self, name: str, arguments: tuple[Any, ...]) -> Any:
        return await remember(self._memory, self._tower, name, arguments)

    async def __del__(self) -> None:
        self._memory.close()


class LimitsReplica:
    """The buckets that several gateways draw from."""

    def __init__(self) -> None:
        self._bank = Bank()

    async def call(self, name: str, arguments: tuple[Any, ...]) -> Any:
        return decide(self._bank, name, arguments)


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
        log_to(settings.data / "logs", gateway, settings.log)
        tiers = {name: _engine(name, settings) for name in settings.tiers}
        embedder = RemoteEmbedder(settings) if settings.embedder.engine != "none" else None
        # The weights were trained on this embedder's vectors; others leave the surface to judge.
        judge = DifficultyJudge(settings.routing.embedding, settings.embedder.engine == "sentence")
        library = RemoteLibrary(ask_library) if settings.has_library else None
        grounding = Grounding(library, settings.retrieval)
        shared = RemoteMemory(ask_cache) if settings.shares_cache else None
        memory = shared or open_memory(settings)
        alike = settings.cache.enabled and settings.cache.semantic
        limiting = _limiting(settings)
        noting = Noting(salt_in(settings.data))
        helpers = Helpers(embedder, judge, grounding, memory, alike, shared, limiting, noting)
        pipeline = Pipeline(settings, tiers, helpers)
        watching = None
        if settings.quality.questions is not None and gateway == 0:
            scoring = Scoring(settings, pipeline, embedder)
            watching = Watching(scoring, QualityFile(settings.quality_file), library)
        return create_app(
            House(
                settings=settings,
                keys=Keys(settings.database),
                pipeline=pipeline,
                tiers=tiers,
                embedder=embedder,
                library=library,
                watching=watching,
                signins=Signins(settings.database),
                metrics_dir=self._metrics_dir,
                memory=memory,
                receipts=_receipts(settings),
                meter=_meter(settings, tiers) if gateway == 0 else None,
            )
        )


def _receipts(settings: Settings) -> Keeping | None:
    return Keeping(settings.receipts_file, settings.receipts) if settings.receipts.enabled else None


def _meter(settings: Settings, engines: Mapping[str, Engine]) -> Meter | None:
    here = [engine for tier, engine in engines.items() if not settings.tiers[tier].remote]
    if not settings.receipts.enabled:
        return None
    return Meter(settings.receipts_file, here, settings.cost.watts)


def _limiting(settings: Settings) -> Limiting:
    return Limiting(
        settings.deadlines.answer,
        settings.quotas.warn,
        Spending(settings.spending),
        bank=ask_bank if settings.shares_limits else None,
        gateways=settings.gateway.replicas,
    )


def _engine(tier: str, settings: Settings) -> Engine:
    """An upstream is only waited for: a process between would cost a hop and help nobody."""
    chosen = settings.tiers[tier]
    if not chosen.remote:
        return RemoteEngine(tier, settings)

    def build() -> Engine:
        try:
            return build_engine(engine_spec(settings, chosen))
        except ConfigError as exc:
            raise ModelRefused(str(exc)) from exc

    return Resident(card_of(settings, tier), build)


@serve.ingress()
class ChatPage:
    """The Gradio pages: a client of the HTTP interface like any other."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def __serve_build_asgi_app__(self) -> ASGIApp:
        from ui.app import create_app as create_page

        settings = self._settings
        return create_page(settings.url, settings.allowed_hosts, settings.ui.language)
