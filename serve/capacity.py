"""Whether the models of the tiers fit into the memory that is free, in words."""

from functools import lru_cache
from pathlib import Path

from models.errors import ModelRefused
from models.gpu.nvml import Nvml
from models.gpu.readings import GpuReader, GpuReading
from models.llama.settings import bundled_model
from models.memory.footprint import footprint
from models.memory.plan import Footprint, Plan, Room, plan
from models.memory.room import free_of_machine, of_gpu, of_machine
from models.vllm.loading import device_of
from serve.config import Settings
from serve.sections.tiers import TierSettings
from serve.weights import weights_of

GB = 1e9


class NoGpu(Exception):
    """There is no such GPU. `args[0]` says why, for people."""


def room_of(gpu: int | None) -> Room:
    """Of the GPU with this index; None: of the first one, or of the machine where there is none."""
    reading = GpuReader(Nvml().read).read()
    for found in reading.gpus:
        if gpu in (None, found.index):
            return of_gpu(found)
    if gpu is None and reading.state == "absent":
        return of_machine()
    raise NoGpu(f"There is no such GPU: {reading.detail}.")


def large_models(settings: Settings) -> list[str]:
    """For each tier on a GPU, whether its weights are here and fit: what `hearth up` tells first.

    vLLM takes what is free for its KV cache, so the plan is for one answer of full length.
    """
    tiers = [tier for tier in settings.tiers.values() if _is_planned(tier)]
    return [line for tier in tiers for line in _told(settings, tier)]


def _is_planned(tier: TierSettings) -> bool:
    on_gpu = tier.engine == "vllm" and device_of(tier.vllm.device) == "gpu"
    return on_gpu and tier.vllm.load_format == "auto"


def _told(settings: Settings, tier: TierSettings) -> list[str]:
    path = weights_of(settings, tier)
    if path is None or not path.exists():
        return [f"{tier.model} is not here: 'hearth models pull' fetches it. Others answer."]
    try:
        found = plan(footprint(path), room_of(None), context_length=tier.context_length)
    except (ModelRefused, NoGpu) as exc:
        return [f"{tier.model}: {exc.args[0]}"]
    return [f"{tier.model}: {line}" for line in words_of(found)]


def plans(settings: Settings, gpus: GpuReading) -> dict[str, Plan | str]:
    """By tier, whether its model would fit into what is free now: a model that is in memory already
    needs that no more. A text says why there is no plan.
    """
    return {name: _plan(settings, tier, gpus) for name, tier in settings.tiers.items()}


def _plan(settings: Settings, tier: TierSettings, gpus: GpuReading) -> Plan | str:
    if tier.engine not in ("llama", "vllm"):
        return "It runs elsewhere." if tier.remote else "It has no weights."
    on_gpu = tier.engine == "vllm" and device_of(tier.vllm.device) == "gpu"
    if on_gpu and not gpus.gpus:
        return f"There is no GPU to plan for: {gpus.detail}."
    room = of_gpu(gpus.gpus[0]) if on_gpu else free_of_machine()
    path = weights_of(settings, tier) or bundled_model()
    try:
        found = _footprint(path, path.stat().st_mtime_ns)
        slots = tier.slots if tier.engine == "llama" else None  # vLLM takes what there is
        return plan(found, room, context_length=tier.context_length, concurrency=slots)
    except OSError:
        return "Its weights are not here."
    except ModelRefused as exc:
        return exc.message


@lru_cache(maxsize=32)
def _footprint(path: Path, changed: int) -> Footprint:
    """Of files as they were at `changed`: reading them takes a while."""
    return footprint(path)


def words_of(found: Plan) -> list[str]:
    """A plan as lines: what is free, what is needed, and who holds the rest."""
    room = found.room
    verdict = f"{found.lacking / GB:.1f} GB are missing" if found.lacking else "it fits"
    answers = f"{found.concurrency} answer(s) of {found.context_length} tokens at once"
    lines = [
        f"{room.where}: {room.free / GB:.1f} of {room.total / GB:.1f} GB are free",
        f"  weights   {found.weights / GB:8.1f} GB",
        f"  KV cache  {found.kv_cache / GB:8.1f} GB  {answers}",
        f"  margin    {found.margin / GB:8.1f} GB",
        f"  together  {found.needed / GB:8.1f} GB  {verdict}",
    ]
    if found.lacking and (holder := found.holder):
        held = f"{holder.memory / GB:.1f} GB"
        lines.append(f"{holder.name} (process {holder.pid}) holds {held} of the rest.")
    return lines
