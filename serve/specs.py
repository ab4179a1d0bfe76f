"""What the settings say about engines, in the words of the catalogue."""

import os
from typing import Any

from models.catalogue import EmbedderSpec, EngineSpec
from models.scripted import Script
from models.upstream.settings import Patience, Prices, UpstreamSettings
from models.vllm.loading import device_of
from serve.config import Settings, secret
from serve.sections.tiers import TierSettings
from serve.weights import weights_of


def engine_spec(settings: Settings, tier: TierSettings) -> EngineSpec:
    return EngineSpec(
        kind=tier.engine,
        name=tier.model,
        kept=settings.data / "kept",
        threads=tier.threads or len(os.sched_getaffinity(0)),
        path=weights_of(settings, tier),
        sha256=tier.sha256,
        context_length=tier.context_length,
        slots=tier.slots,
        max_waiting=settings.limits.waiting,
        speculate=tier.speculate,
        layout=tier.layout,
        sleep_after=tier.sleep_after,
        vllm=_vllm_options(tier),
        upstream=_upstream(settings, tier),
        script=Script(**tier.script.model_dump()),
    )


def _upstream(settings: Settings, tier: TierSettings) -> UpstreamSettings | None:
    told = tier.upstream
    if told is None:
        return None
    return UpstreamSettings(
        name=tier.model,
        base_url=told.base_url,
        model=told.model,
        api_key=secret(told.key_from),
        context_length=tier.context_length,
        slots=tier.slots,
        max_waiting=settings.limits.waiting,
        limit_field=told.limit_field,
        patience=Patience(**told.patience.model_dump()),
        prices=Prices(**told.prices.model_dump()),
    )


def _vllm_options(tier: TierSettings) -> dict[str, Any]:
    chosen = tier.vllm
    return {
        **chosen.model_dump(include={"device", "dtype", "load_format", "memory_share"}),
        "kv_bytes": chosen.kv_gib << 30,
        "tensor_parallel": chosen.gpus,
    }


def embedder_spec(settings: Settings) -> EmbedderSpec:
    chosen = settings.embedder
    return EmbedderSpec(chosen.engine, chosen.model, chosen.threads)


def gpus_of(tier: TierSettings) -> int:
    on_gpu = tier.engine == "vllm" and device_of(tier.vllm.device) == "gpu"
    return tier.vllm.gpus if on_gpu else 0
