"""What the API needs of the rest of the appliance, and nothing of Ray."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from index.caches.memory import Memory
from index.library import Library
from models.embedder import Embedder
from models.engine import Engine
from models.gpu.nvml import Nvml
from models.gpu.readings import GpuReader
from serve.api.guard import authorities
from serve.api.states import TierStates
from serve.config import Settings, secret
from serve.errors import NotFound
from serve.ledger.keys import Keys
from serve.ledger.quality import QualityFile
from serve.ledger.signins import Signins
from serve.pipeline import Pipeline
from serve.policy.knocks import Knocks
from serve.quality.watching import Watching
from serve.receipts.keeping import Keeping
from serve.receipts.metering import Meter
from serve.telemetry.metrics import Metrics
from serve.telemetry.traces import Traces, headers_of


@dataclass(frozen=True)
class House:
    """`metrics_dir` is where several gateway processes add up their metrics.

    It is the PROMETHEUS_MULTIPROC_DIR that they were started with. One of them has the `meter`.
    """

    settings: Settings
    keys: Keys
    pipeline: Pipeline
    tiers: Mapping[str, Engine]
    embedder: Embedder | None = None
    signins: Signins | None = None
    library: Library | None = None
    metrics_dir: Path | None = None
    memory: Memory | None = None
    receipts: Keeping | None = None
    meter: Meter | None = None
    watching: Watching | None = None

    @property
    def documents(self) -> Library:
        """Raises `NotFound` where no documents are kept."""
        if self.library is None:
            raise NotFound("This appliance keeps no documents.", code="unknown_url")
        return self.library

    @property
    def answers(self) -> Memory:
        """Those that are kept. Raises `NotFound` where none are."""
        if self.memory is None or not self.settings.cache.enabled:
            raise NotFound("This appliance keeps no answers: cache.enabled is off.", code="off")
        return self.memory

    @property
    def quality(self) -> QualityFile:
        """Raises `NotFound` where there are no golden questions."""
        if self.settings.quality.questions is None:
            text = "There are no golden questions here: quality.questions is not set."
            raise NotFound(text, code="off")
        return QualityFile(self.settings.quality_file)

    @cached_property
    def authorities(self) -> frozenset[bytes]:
        return authorities(self.settings)

    @cached_property
    def states(self) -> TierStates:
        return TierStates(self.tiers)

    @cached_property
    def gpus(self) -> GpuReader:
        return GpuReader(Nvml().read)

    @cached_property
    def knocks(self) -> Knocks:
        return Knocks()

    @cached_property
    def metrics(self) -> Metrics:
        return Metrics(self.metrics_dir)

    @cached_property
    def traces(self) -> Traces | None:
        """None where none are sent. Raises `ConfigError` without the headers that are named."""
        settings = self.settings.tracing
        if settings.endpoint is None:
            return None
        headers = headers_of(secret(settings.headers_from))
        return Traces(settings, headers, self.metrics.count_spans)
