"""The far side of the Ray shells: the same protocols, whose work happens in other processes."""

import asyncio
import time
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from ray import serve
from ray.exceptions import RayActorError, RayError, RayTaskError
from ray.serve.exceptions import BackPressureError, RayServeException
from ray.serve.handle import DeploymentHandle

from index.errors import IndexRefusal, StorageBusy
from models.embedder import DeepEmbeddings, Embeddings, Inputs, Purpose
from models.engine import ModelCard
from models.errors import EngineBusy, EngineError, EngineInterrupted, EngineUnavailable
from models.wire.engine import WiredEngine
from serve.config import Settings

EMBEDDER_APP = "embedder"
LIBRARY_APP = "library"
CACHE_APP = "cache"
LIMITS_APP = "limits"
EMBEDDER_TOKENS = 256  # the bundled embedder's limit
ASK_TIMEOUT = 10.0  # seconds
INGESTION_TIMEOUT = 300.0  # seconds for the passages of one call
LIBRARY_TIMEOUT = 60.0  # seconds
# Classes in serve/deployments.py
ENGINE, EMBEDDER = "EngineReplica", "EmbedderReplica"
LIBRARY, CACHE, LIMITS = "LibraryReplica", "CacheReplica", "LimitsReplica"

T = TypeVar("T")


class RemoteEngine(WiredEngine):
    """The `Engine` of one tier, whose work happens in `EngineReplica`s of this machine.

    The tier is an application of its own: it may fail to start, die and return on its own. Ray
    says where its replicas are, and waits for one that is being replaced; prompts and chunks go
    there directly.
    """

    def __init__(self, tier: str, settings: Settings) -> None:
        super().__init__(card_of(settings, tier), self._door, settings.tiers[tier].replicas)
        self._app = tier_app(tier)

    async def close(self) -> None:
        """Serve owns the replicas: nothing is stopped from here."""

    async def _door(self) -> Path:
        with translated():
            path: Path = await handle_of(ENGINE, self._app).door.remote()
        return path


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
            handle = handle_of(EMBEDDER, EMBEDDER_APP)
            return await asked(handle.embed.remote(inputs))

    async def embed_deep(self, inputs: Inputs, purpose: Purpose) -> DeepEmbeddings:
        patience = INGESTION_TIMEOUT if purpose == "passage" else ASK_TIMEOUT
        with translated():
            handle = handle_of(EMBEDDER, EMBEDDER_APP)
            return await asked(handle.embed_deep.remote(inputs, purpose), patience)


async def ask_library(call: str, arguments: tuple[Any, ...]) -> Any:
    """Carries one call to the process that keeps the library. Raises `IndexRefusal`."""
    try:
        with translated():
            handle = handle_of(LIBRARY, LIBRARY_APP)
            return await asked(handle.call.remote(call, arguments), LIBRARY_TIMEOUT)
    except EngineError as exc:
        raise StorageBusy("The documents are out of reach at present.", 2.0) from exc


async def ask_cache(call: str, arguments: tuple[Any, ...]) -> Any:
    """Carries one call to the process that keeps answers. Raises `StorageBusy`."""
    try:
        with translated():
            handle = handle_of(CACHE, CACHE_APP)
            return await asked(handle.call.remote(call, arguments))
    except EngineError as exc:
        raise StorageBusy("The kept answers are out of reach at present.", 2.0) from exc


async def ask_bank(call: str, arguments: tuple[Any, ...]) -> Any:
    """Carries one call to the process that several gateways' limits are in."""
    with translated():
        handle = handle_of(LIMITS, LIMITS_APP)
        return await asked(handle.call.remote(call, arguments))


def handle_of(shell: str, app: str) -> DeploymentHandle[Any]:
    """Of an application that may be yet to come: calls wait for it. Serve would look whether it is
    there while all of the gateway waits, and raise where it is not.
    """
    return serve.get_deployment_handle(shell, app, _check_exists=False)


async def asked(answer: Awaitable[T], timeout: float = ASK_TIMEOUT) -> T:
    """The answer of a replica. Raises `EngineUnavailable` when it does not come in time."""
    try:
        return await asyncio.wait_for(answer, timeout)
    except TimeoutError as exc:
        raise EngineUnavailable("The engine does not answer at present.") from exc


@contextmanager
def translated() -> Iterator[None]:
    """Ray's own errors in the words of `models.errors`; ours pass through as they are."""
    try:
        yield
    except (EngineError, IndexRefusal) as exc:
        raise _as_raised(exc) from None
    except RayTaskError:
        raise
    except BackPressureError as exc:
        raise EngineBusy("Too many requests wait for this engine.") from exc
    except RayActorError as exc:
        raise EngineInterrupted("The engine stopped before the answer was complete.") from exc
    except (RayError, RayServeException) as exc:
        raise EngineUnavailable("The engine cannot be reached at present.") from exc


def _as_raised(exc: Exception) -> Exception:
    """Without the remote traceback that Ray wraps around an error from another process."""
    cause = getattr(exc, "cause", exc)
    return cause if isinstance(cause, EngineError | IndexRefusal) else exc


def tier_app(tier: str) -> str:
    """The Serve application of a tier."""
    return f"tier-{tier}"


def card_of(settings: Settings, tier: str) -> ModelCard:
    chosen = settings.tiers[tier]
    length = chosen.script.context_length if chosen.engine == "scripted" else chosen.context_length
    revision = chosen.sha256 or "bundled"
    return ModelCard(chosen.model, chosen.engine, length, int(time.time()), revision)
