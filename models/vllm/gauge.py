"""What vLLM says about each step: how much runs, waits and is cached, and how fast."""

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from models.pace import Pace
from models.rates import DecayingRate

if TYPE_CHECKING:
    from vllm.v1.metrics.loggers import StatLoggerBase

LARGEST_STEP: Final = 8192  # tokens, unless vLLM's configuration says otherwise


@dataclass(slots=True)
class Gauge:
    """`kv_share` of the KV cache's blocks is in use. `step_at`: when the last step was reported."""

    running: int = 0
    waiting: int = 0
    kv_share: float = 0.0
    step_at: float = field(default_factory=time.monotonic)
    prefill: DecayingRate = field(default_factory=DecayingRate)
    decode: DecayingRate = field(default_factory=DecayingRate)
    pace: Pace = field(default_factory=lambda: Pace(LARGEST_STEP))

    def saw(self, scheduler: Any, iteration: Any, now: float) -> None:
        """`scheduler` and `iteration` are vLLM's `SchedulerStats` and `IterationStats`, or None."""
        took, self.step_at = now - self.step_at, now
        if scheduler is not None:
            self.running = scheduler.num_running_reqs
            self.waiting = scheduler.num_waiting_reqs
            self.kv_share = scheduler.kv_cache_usage
        if iteration is not None:
            self.prefill.add(iteration.num_prompt_tokens, now)
            self.decode.add(iteration.num_generation_tokens, now)
            self.pace.step(iteration.num_prompt_tokens + iteration.num_generation_tokens, took)


def logger_for(gauge: Gauge) -> "type[StatLoggerBase]":
    """The class that vLLM makes and calls; it passes everything on to `gauge`."""
    from vllm.v1.metrics.loggers import StatLoggerBase

    class ToGauge(StatLoggerBase):  # type: ignore[misc]
        def __init__(self, vllm_config: Any, engine_index: int = 0) -> None:
            pass

        def record(
            self,
            scheduler_stats: Any,
            iteration_stats: Any,
            mm_cache_stats: Any = None,
            engine_idx: int = 0,
        ) -> None:
            gauge.saw(scheduler_stats, iteration_stats, time.monotonic())

        def log_engine_initialized(self) -> None:
            pass

    return ToGauge
